/**
 * Goal: an alert reaches people whatever happens to the orchestrator that tells it. Method: a real orchestrator is killed while the provider has its
 * message and has not answered; another one on the same Postgres goes on, by a clock on which the claim has run out.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { parseToken } from '../../src/contract/enrolment.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { RunningSystem } from '../support/running-system.ts';
import { SetClock } from '../support/simulated-fleet.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** Longer than a claim holds. */
const CLAIM_OVER_MS = 61_000;

/** What came to the webhook, and whether it answers. */
class Receiver {
  readonly ids: string[] = [];
  answers = false;
  readonly #server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      this.ids.push(String(request.headers['webhook-id']));
      if (this.answers) response.end();
    });
  });

  async open(t: TestContext): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    t.after(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }
}

function addressOf(name: string): string {
  const { host, port, user } = postgres.server.connection();
  return `postgres://${user}@localhost:${port}/${name}?host=${encodeURIComponent(String(host))}`;
}

test('an alert that a killed orchestrator was telling is told by another, once and under the same id', async (t) => {
  const receiver = new Receiver();
  const url = await receiver.open(t);
  await using _ = await postgres.database();
  const name = postgres.lastName;
  const home = await tempDir(t);
  await mkdir(join(home, 'config'));
  await writeFile(
    join(home, 'config/orchestrator.yaml'),
    `alerts: { critical_wait: 0s }\nchannels:\n  oncall: { type: webhook, url: '${url}', resolved: false }\n`,
  );
  const orchestrator = await RunningSystem.start(t, home, ['orchestrator', '--port', '0'], {
    DATABASE_URL: addressOf(name),
    NERVESYS_CHANNEL_ONCALL_SECRET: SECRET,
  });
  const { url: api } = JSON.parse(await readFile(join(home, 'orchestrator/address.json'), 'utf8'));
  const admin = (await readFile(join(home, 'orchestrator/admin.key'), 'utf8')).trim();
  const post = async (path: string, key: string | undefined, body: object) => {
    const headers = {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    };
    const response = await fetch(`${api}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return JSON.parse(await response.text());
  };
  const { token } = await post('tokens', admin, {});
  const joining = { secret: parseToken(token)?.secret, server: 'AIGARDEN01', agent_version: '0.1.0', boot_id: null };
  const { key } = await post('enroll', undefined, joining);
  const alert = {
    dedup_key: 'payment',
    severity: 'critical',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    kind: 'rule',
    title: 'All payments fail',
    detail: { rule: 'payment' },
    at: new Date().toISOString(),
  };

  await post('alerts', key, { alerts: [alert] });
  await until('the provider has the message', () => receiver.ids.length === 1);
  await orchestrator.kill();
  receiver.answers = true;
  const clock = new SetClock();
  clock.jump(CLAIM_OVER_MS);
  const replica = await TestOrchestrator.open(t, postgres.connect(name), { clock, channelSecret: () => SECRET });
  await until('the other one tells it', () => receiver.ids.length === 2);
  const { alerts } = (await replica.ask('GET', '/api/v1/alerts')).json;
  const deliveries = async () => (await replica.ask('GET', `/api/v1/alerts/${alerts[0].id}`)).json.deliveries;
  await until('it is noted', async () => (await deliveries())[0].state === 'told');

  assert.equal(receiver.ids[0], receiver.ids[1]);
  assert.deepEqual(
    (await deliveries()).map(({ channel, event, attempts }: Record<string, unknown>) => [channel, event, attempts]),
    [['oncall', 'opened', 2]],
  );
});
