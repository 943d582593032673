/**
 * How long somebody waits who begins: `nervesys up` to ready in an empty home and again in that one, and a new server from its token to its first heartbeat
 * in the fleet. Each is a process of its own, as `npm start` is, by the clock of who waits. The floor, of the same run: what the same start takes whatever we
 * do in it, a Postgres that is made and started, one that is only started, and for the server a bare Node that ends at once.
 *
 *   node bench/start.ts [--json]          exits with 1 beyond its gates
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EmbeddedPostgres } from '../src/orchestrator/database/embedded-postgres.ts';
import { systemClock } from '../src/platform/clock.ts';
import { silentLogger } from '../src/platform/logger.ts';
import { machineText, round } from './figures.ts';
import { cleanEnvironment, formatFigures, startAgent, stop } from './processes.ts';

const MAIN = resolve(import.meta.dirname, '../src/main.ts');
const GATES = { firstSeconds: 10, againSeconds: 3, heartbeatSeconds: 5 };
const GIVEN_UP_AFTER_MS = 120_000;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const folder = mkdtempSync(join(tmpdir(), 'nervesys-start-'));

async function timed<Value>(work: () => Promise<Value>): Promise<{ readonly seconds: number; readonly value: Value }> {
  const began = performance.now();
  const value = await work();
  return { seconds: (performance.now() - began) / 1_000, value };
}

/** Resolves when it says that it is ready. */
function startAll(home: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, 'up', '--home', home, '--port', '0', '--agent-port', '0'], {
    env: cleanEnvironment({}),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((ready, failed) => {
    let said = '';
    child.once('exit', (code) => failed(new Error(`it ended with ${code} before it was ready:\n${said}`)));
    child.stdout.on('data', (data) => {
      said += data;
      if (said.includes('Ready in')) ready(child);
    });
  });
}

/** From a token to the AI agent's first beat in the fleet, as the page is told of it. */
async function joinFleet(home: string): Promise<number> {
  const { url } = JSON.parse(readFileSync(join(home, 'orchestrator/address.json'), 'utf8')) as { url: string };
  const key = readFileSync(join(home, 'orchestrator/admin.key'), 'utf8').trim();
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const asked = await fetch(`${url}/api/v1/tokens`, { method: 'POST', headers, body: '{"server":"NEW01"}' });
  const { token } = (await asked.json()) as { token: string };
  const { seconds, value: agent } = await timed(async () => {
    const started = await startAgent(join(folder, 'server'), { NERVESYS_SERVER: 'NEW01', NERVESYS_TOKEN: token });
    for (const began = performance.now(); performance.now() - began < GIVEN_UP_AFTER_MS; ) {
      const answer = await fetch(`${url}/api/v1/fleet?server=NEW01`, { headers });
      if (((await answer.json()) as { agents: unknown[] }).agents.length > 0) return started;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error('the new server was not heard');
  });
  await agent.stop();
  return seconds;
}

async function startPostgres(): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ folder: join(folder, 'database'), clock: systemClock, logger: silentLogger });
}

try {
  const made = await timed(startPostgres);
  await made.value.close();
  const started = await timed(startPostgres);
  await started.value.close();
  const bare = await timed(async () => spawnSync(process.execPath, ['-e', '0']));

  const home = join(folder, 'home');
  const first = await timed(() => startAll(home));
  await stop(first.value);
  const again = await timed(() => startAll(home));
  const heartbeatSeconds = await joinFleet(home).finally(() => stop(again.value));

  const figures = { firstSeconds: first.seconds, againSeconds: again.seconds, heartbeatSeconds };
  const floors = { firstSeconds: made.seconds, againSeconds: started.seconds, heartbeatSeconds: bare.seconds };
  const names = Object.keys(GATES) as (keyof typeof GATES)[];
  const reached = names.every((name) => figures[name] <= GATES[name]);
  const load = round(loadavg()[0]!);
  if (values.json) console.log(JSON.stringify({ bench: 'start', figures, floors, gates: GATES, reached, load }));
  else {
    const said = (name: keyof typeof GATES) =>
      `${round(figures[name])} s, gate ${GATES[name]} s: ${figures[name] <= GATES[name] ? 'met' : 'MISSED'}; RATIO TO FLOOR ${round(figures[name] / floors[name])} (${round(floors[name])} s)`;
    console.log(
      formatFigures('How long somebody waits who begins', [
        ['up, first time, to ready', said('firstSeconds')],
        ['up, again', said('againSeconds')],
        ['a new server, token to first heartbeat in the fleet', said('heartbeatSeconds')],
        ['machine', `${machineText()}; load ${load} at the end`],
      ]),
    );
  }
  process.exitCode = reached ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
