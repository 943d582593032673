/**
 * How soon a critical line is known: from just before its `POST /logs` at an agent, to the alert's commit in the orchestrator's Postgres, to
 * its event at a client as the page is one, and to a webhook that waits for nothing. Agent, orchestrator, Postgres and client are processes
 * of one machine. Each line is a trouble of its own (an AI agent of its own, and few of them a rule), and the next is sent when all of the
 * last has arrived and a pause has passed, so nothing queues. The ratio is to a floor measured in the same run, in turn: two small requests over HTTP, each answered
 * after a durable commit, which is the least that one line stored by an agent and one alert stored by an orchestrator take.
 *
 *   node bench/alert-latency.ts [--lines 300] [--pause 20] [--triage] [--json]
 *
 * --triage: no rule speaks of the lines; the triage takes them for trouble. Such lines of many AI agents are one trouble to a channel, so
 * when the webhook is told of each is not measured.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/platform/clock.ts';
import { copyBenchConfig } from './bench-config.ts';
import { machineText, percentile, round } from './figures.ts';
import { BenchOrchestrator } from './orchestrator-process.ts';
import { cleanEnvironment, formatFigures, startAgent } from './processes.ts';
import { WireClient } from './wire-client.ts';

const GATES = { storedP99Ms: 50, eventP99Ms: 250 };
const WARM_UP = 30;
/** Whatever takes longer was lost. */
const LOST_AFTER_MS = 10_000;
/** More of them would be told together. */
const AGENTS_OF_A_RULE = 5;
const TRIED = 'is it ruled';
const COMMITTED = 'bench_alert_committed';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '300' },
    pause: { type: 'string', default: '20' },
    triage: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const lines = Number(values.lines);

/** When what is said of a line arrived, by the AI agent that names it. */
class Arrivals {
  readonly #awaited = new Map<string, (at: number) => void>();

  next(agentId: string): Promise<number> {
    return new Promise((done, lost) => {
      const timer = setTimeout(() => lost(new Error(`nothing came of ${agentId}`)), LOST_AFTER_MS);
      this.#awaited.set(agentId, (at) => {
        clearTimeout(timer);
        done(at);
      });
    });
  }

  came(agentId: string | null): void {
    if (agentId === null) return;
    this.#awaited.get(agentId)?.(performance.now());
    this.#awaited.delete(agentId);
  }
}

const [stored, shown, told] = [new Arrivals(), new Arrivals(), new Arrivals()];
const folder = mkdtempSync(join(tmpdir(), 'nervesys-alert-latency-'));
const hook = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Told;
  if (body.type === 'alert.opened') for (const { agent_id: agentId } of body.data.alerts) told.came(agentId);
  response.writeHead(204).end();
}).listen(0, '127.0.0.1');
await once(hook, 'listening');
const floor = fork(join(import.meta.dirname, 'single-floor.ts'), { env: cleanEnvironment({}) });
try {
  const [{ url: floorUrl }] = (await once(floor, 'message')) as [{ url: string }];
  const figures = await measure(floorUrl);
  const result = {
    bench: 'alert-latency',
    by: values.triage ? 'triage' : 'rule',
    ...figures,
    gates: GATES,
    reached: figures.stored.p99 <= GATES.storedP99Ms && figures.shown.p99 <= GATES.eventP99Ms,
    machine: machineText(),
    load: round(loadavg()[0]!),
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    const text = ({ p50, p99, max }: Spread) => `p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`;
    const judged = (spread: Spread, gate: number) =>
      `${text(spread)}; gate p99 ≤ ${gate} ms: ${spread.p99 <= gate ? 'met' : 'MISSED'}`;
    console.log(
      formatFigures(
        `A critical line becomes known, ${values.lines} lines one by one, by ${values.triage ? 'the triage' : 'a rule'}`,
        [
          ['answered by the agent, stored', text(figures.answered)],
          ['alert committed at the orchestrator', judged(figures.stored, GATES.storedP99Ms)],
          ['event at a client of the page', judged(figures.shown, GATES.eventP99Ms)],
          ...(values.triage ? [] : [['told to a webhook (critical_wait: 0s)', text(figures.told)] as const]),
          ['floor: two requests, each committed', text(figures.floor)],
          [
            'RATIO TO FLOOR, event',
            `p50 ${round(figures.shown.p50 / figures.floor.p50)}, p99 ${round(figures.shown.p99 / figures.floor.p99)}`,
          ],
          ['machine', `${result.machine}; load ${result.load} at the end`],
        ],
      ),
    );
  }
  if (!result.reached) process.exitCode = 1;
} finally {
  floor.disconnect();
  hook.closeAllConnections();
  hook.close();
  rmSync(folder, { recursive: true, force: true });
}

/** What a webhook is sent, as far as it is read here. */
interface Told {
  readonly type: string;
  readonly data: { readonly alerts: readonly { readonly agent_id: string | null }[] };
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

async function measure(floorUrl: string) {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  copyBenchConfig(home, { redaction: true, rules: 0, triage: values.triage });
  if (!values.triage)
    appendFileSync(
      join(home, 'config/agents/_defaults.yaml'),
      `\nrules:\n${[TRIED, ...Array.from({ length: Math.ceil((WARM_UP + lines) / AGENTS_OF_A_RULE) }, (_, n) => troubleOf(n * AGENTS_OF_A_RULE))].map(ruleFor).join('')}`,
    );
  const { port } = hook.address() as AddressInfo;
  appendFileSync(
    join(home, 'config/orchestrator.yaml'),
    `\nalerts: { critical_wait: 0s }\nchannels:\n  bench: { type: webhook, url: "http://127.0.0.1:${port}/" }\n`,
  );
  const secret = { NERVESYS_CHANNEL_BENCH_SECRET: `whsec_${Buffer.alloc(32, 'bench').toString('base64')}` };
  await using system = await BenchOrchestrator.start(folder, secret);
  await tellCommits(system);
  const ended = new AbortController();
  const admin = adminOf(home);
  const events = await listen(system.url, admin, ended.signal);
  const token = await newToken(system.url, admin);
  const agent = await startAgent(join(folder, 'agent'), { NERVESYS_TOKEN: token });
  const [client, floorClient] = [await WireClient.connect(agent.url), await WireClient.connect(floorUrl)];
  try {
    await untilRuled(client);
    const waits = { answered: [], stored: [], shown: [], told: [], floor: [] } as Record<string, number[]>;
    for (let n = -WARM_UP; n < lines; n++) {
      const agentId = `LINE${n + WARM_UP}`;
      const arriving = (values.triage ? [stored, shown] : [stored, shown, told]).map((arrivals) =>
        arrivals.next(agentId),
      );
      const text = line(agentId, troubleOf(n + WARM_UP));
      const request = client.request('/logs', text);
      const startedAt = performance.now();
      const { status } = await client.send(request);
      const answeredAt = performance.now();
      if (status !== 200) throw new Error(`POST /logs: ${status}`);
      const [storedAt, shownAt, toldAt] = await Promise.all(arriving);
      await pause();
      const floorAt = performance.now();
      for (let turn = 0; turn < 2; turn++) await floorClient.send(floorClient.request('/', text));
      const floorEndedAt = performance.now();
      await pause();
      if (n < 0) continue;
      waits['answered']!.push(answeredAt - startedAt);
      waits['stored']!.push(storedAt! - startedAt);
      waits['shown']!.push(shownAt! - startedAt);
      if (toldAt !== undefined) waits['told']!.push(toldAt - startedAt);
      waits['floor']!.push(floorEndedAt - floorAt);
    }
    const { answered, stored: toStored, shown: toShown, told: toTold, floor: toFloor } = waits;
    return {
      lines: toShown!.length,
      answered: spread(answered!),
      stored: spread(toStored!),
      shown: spread(toShown!),
      told: spread(values.triage ? [0] : toTold!),
      floor: spread(toFloor!),
    };
  } finally {
    client.close();
    floorClient.close();
    await agent.stop();
    ended.abort();
    await events;
  }
}

function troubleOf(n: number): string {
  return `trouble ${Math.floor(n / AGENTS_OF_A_RULE)}.`;
}

function ruleFor(trouble: string): string {
  const name = trouble.replaceAll(/\W+/g, '_');
  return `  - { name: ${name}, when: { level: CRITICAL, contains: '${trouble}' }, then: { alert: critical } }\n`;
}

function line(agentId: string, trouble: string): Buffer {
  const message = values.triage
    ? 'out of memory: killed process 4242'
    : `the model answers with what belongs to somebody else: ${trouble}`;
  return Buffer.from(`${JSON.stringify({ agent_id: agentId, level: 'CRITICAL', action: 'answer', message })}\n`);
}

/** Postgres itself says when an alert is committed, after it is on the disk: a NOTIFY leaves with the commit. */
async function tellCommits({ database }: BenchOrchestrator): Promise<void> {
  await database.query(
    `CREATE FUNCTION ${COMMITTED}() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN PERFORM pg_notify(''${COMMITTED}'', NEW.agent_id); RETURN NULL; END'`,
  );
  await database.query(
    `CREATE TRIGGER ${COMMITTED} AFTER INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION ${COMMITTED}()`,
  );
  await database.listen(COMMITTED, { onMessage: (agentId) => stored.came(agentId), onGap: () => undefined });
}

/** Reads the live events as the page does; what it resolves with settles when the stream has ended. */
async function listen(url: string, authorization: string, signal: AbortSignal): Promise<{ ended: Promise<void> }> {
  const answer = await fetch(`${url}/api/v1/events`, { headers: { authorization }, signal });
  if (!answer.ok) throw new Error(`GET /api/v1/events: ${answer.status}`);
  const read = async () => {
    let text = '';
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const events = text.split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        const data = /^event: alert\ndata: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) shown.came((JSON.parse(data) as { agent_id: string | null }).agent_id);
      }
    }
  };
  return { ended: read().catch(() => undefined) };
}

function adminOf(home: string): string {
  return `Bearer ${readFileSync(join(home, 'orchestrator/admin.key'), 'utf8').trim()}`;
}

async function newToken(url: string, authorization: string): Promise<string> {
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v1/tokens`, { method: 'POST', headers, body: '{}' });
  if (!answer.ok) throw new Error(`POST /api/v1/tokens: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { token: string }).token;
}

/** The agent has the configuration of the orchestrator: a critical line becomes an alert. */
async function untilRuled(client: WireClient): Promise<void> {
  for (let n = 0; ; n++) {
    const agentId = `TRY${n}`;
    const came = shown.next(agentId);
    await client.send(client.request('/logs', line(agentId, TRIED)));
    const isRuled = await Promise.race([came.then(() => true), systemClock.sleep(500).then(() => false)]);
    came.catch(() => undefined);
    if (isRuled) return;
    if (n > 40) throw new Error('no critical line becomes an alert');
  }
}

function pause(): Promise<void> {
  return systemClock.sleep(Number(values.pause) / 2);
}

function spread(waits: readonly number[]): Spread {
  const sorted = waits.toSorted((a, b) => a - b);
  return { p50: round(percentile(sorted, 50)), p99: round(percentile(sorted, 99)), max: round(sorted.at(-1)!) };
}
