import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('a beat, an enrolment and an alert are on an open page within a second', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const cookie = await system.signIn();
  await using stream = await EventStream.open(system.url, { cookie });
  const key = await system.enrol('AIGARDEN01');
  const toldAt = performance.now();

  await beat(system, key, 'GROK');
  const event = await stream.next('fleet');

  assert.ok(performance.now() - toldAt < 1_000);
  assert.deepEqual([event.agent_id, event.server, event.state], ['GROK', 'AIGARDEN01', 'up']);
  assert.equal((await stream.next('server')).server, 'AIGARDEN01');
  const alert = {
    dedup_key: 'x',
    severity: 'warning',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    kind: 'x',
    title: 'line one\nevent: fake',
    detail: {},
    at: new Date().toISOString(),
  };
  await system.ask('POST', '/api/v1/alerts', { key, body: { alerts: [alert] } });
  assert.equal((await stream.next('alert')).title, 'line one\nevent: fake');
});

test('what one replica hears is on the pages of another', async (t) => {
  const one = await TestOrchestrator.open(t, await postgres.database());
  const two = await TestOrchestrator.open(t, postgres.connect(postgres.lastName));
  await using stream = await EventStream.open(two.url, { authorization: `Bearer ${two.adminKey}` });
  const key = await one.enrol('AIGARDEN01');
  const toldAt = performance.now();

  await beat(one, key, 'GROK');
  const event = await stream.next('fleet');

  assert.ok(performance.now() - toldAt < 1_000);
  assert.equal(event.agent_id, 'GROK');
  await one.ask('POST', '/api/v1/servers/AIGARDEN01/revoke');
  await until(
    'the other replica refuses the key as well',
    async () => (await two.ask('GET', '/api/v1/session', { key })).status === 403,
  );
});

test('closing ends open streams at once', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  await using stream = await EventStream.open(system.url, { authorization: `Bearer ${system.adminKey}` });
  const startedAt = performance.now();

  await system.orchestrator.close();

  assert.ok(performance.now() - startedAt < 1_000);
  await stream.ended;
});

test('a return is on an open page at once, without a round having to come', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  await beat(system, key, 'GROK');
  await until('both were judged', async () => (await transitions(database)) === 2);
  await database.query("UPDATE agents_latest SET state = 'down', reason = 'no heartbeat for more than 5m'");
  await using stream = await EventStream.open(system.url, { cookie: await system.signIn() });
  const toldAt = performance.now();

  await beat(system, key, 'GROK');
  await until('it is up', async () => (await stream.next('fleet')).state === 'up');

  assert.ok(performance.now() - toldAt < 1_500);
  assert.equal(await transitions(database), 3);
});

type Database = Awaited<ReturnType<TestPostgres['database']>>;

async function transitions(database: Database): Promise<number> {
  return (await database.query('SELECT 1 FROM transitions')).count;
}

async function beat(system: TestOrchestrator, key: string, agentId: string): Promise<void> {
  const body = { heartbeats: [heartbeat('AIGARDEN01', agentId)] };
  const answer = await system.ask('POST', '/api/v1/heartbeats', { key, body });
  assert.equal(answer.json.accepted, 1);
}

/** A reader of server-sent events. */
class EventStream {
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an event, it asserts
  readonly #events: { type: string; data: any }[] = [];
  readonly #stop: AbortController;
  readonly ended: Promise<void>;

  private constructor(response: Response, stop: AbortController) {
    this.#stop = stop;
    this.ended = this.#read(response);
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventStream> {
    const stop = new AbortController();
    const response = await fetch(`${url}/api/v1/events`, { headers, signal: stop.signal });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    return new EventStream(response, stop);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  next(type: string): Promise<any> {
    return until(`an event ${type}`, () => {
      const at = this.#events.findIndex((event) => event.type === type);
      return at < 0 ? undefined : this.#events.splice(at, 1)[0]?.data;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          const match = /^event: (\w+)\ndata: (.*)$/.exec(part);
          if (match !== null) this.#events.push({ type: match[1]!, data: JSON.parse(match[2]!) });
        }
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }
}
