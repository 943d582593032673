/**
 * From a critical line to whoever must know: `POST /logs` of one line that a rule makes an alert of → the alert committed at the
 * orchestrator and its event at a page (server-sent events) → the message at a webhook, all on this machine. The event leaves after the
 * commit, so its time bounds the commit's, too. Beside it a floor: an ordinary line that is durable, and one request to the orchestrator.
 *
 *   node bench/alert-latency.ts [--alerts 300] [--pause 20] [--json]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyBenchConfig } from './bench-config.ts';
import { machine, machineText, percentile, round } from './figures.ts';
import { cleanEnvironment, formatFigures, stop } from './processes.ts';
import { WireClient } from './wire-client.ts';

const EVENT_MS_GATE = 50;
const PAGE_MS_GATE = 250;
const WARM_UP = 30;

const { values } = parseArgs({
  options: {
    alerts: { type: 'string', default: '300' },
    pause: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.alerts);
const pauseMs = Number(values.pause);

const home = mkdtempSync(join(tmpdir(), 'nervesys-bench-'));
/** When each AI agent's alert was seen there, by the clock of this process. */
const seen = { page: new Map<string, number>(), webhook: new Map<string, number>() };
const webhook = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += String(chunk);
  });
  request.on('end', () => {
    const at = performance.now();
    for (const [, name] of body.matchAll(/"agent_id":"(LATENCY\d+)"/g))
      if (!seen.webhook.has(name!)) seen.webhook.set(name!, at);
    response.end();
  });
});
webhook.listen(0, '127.0.0.1');
await once(webhook, 'listening');

copyBenchConfig(home, { redaction: true, rules: 0 });
appendFileSync(
  join(home, 'config/agents/_defaults.yaml'),
  '\nrules:\n  - { name: critical_line, when: { level: CRITICAL }, then: { alert: critical } }\n',
);
appendFileSync(
  join(home, 'config/orchestrator.yaml'),
  `\nalerts: { critical_wait: 0s, group_wait: 1s }\nchannels:\n  oncall: { type: webhook, url: 'http://127.0.0.1:${(webhook.address() as AddressInfo).port}/' }\n`,
);
const system = spawn(
  process.execPath,
  [resolve(import.meta.dirname, '../src/main.ts'), 'up', '--home', home, '--port', '0', '--agent-port', '0'],
  {
    env: cleanEnvironment({
      NERVESYS_SERVER: 'BENCH',
      NERVESYS_CHANNEL_ONCALL_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    }),
    stdio: ['ignore', 'ignore', 'pipe'],
  },
);
let complaints = '';
system.stderr!.on('data', (chunk: Buffer) => {
  complaints = (complaints + String(chunk)).slice(-4_000);
});

try {
  const agentUrl = await address('agent');
  const orchestratorUrl = await address('orchestrator');
  const events = await follow(orchestratorUrl, readFileSync(join(home, 'orchestrator/admin.key'), 'utf8').trim());
  const client = await WireClient.connect(agentUrl);
  const other = await WireClient.connect(orchestratorUrl);
  const line = (n: number, level: string) =>
    client.request(
      '/logs',
      Buffer.from(JSON.stringify({ agent_id: `LATENCY${n}`, level, action: 'pay', message: `payment ${n} failed` })),
    );

  const floor: number[] = [];
  const page: number[] = [];
  const told: number[] = [];
  for (let n = 0; n < WARM_UP + count; n++) {
    const begun = performance.now();
    await client.send(line(n, 'INFO'));
    await other.send(other.get('/healthz'));
    const floorMs = performance.now() - begun;
    const at = performance.now();
    await client.send(line(n, 'CRITICAL'));
    const pageMs = (await arrival(seen.page, `LATENCY${n}`)) - at;
    const webhookMs = (await arrival(seen.webhook, `LATENCY${n}`)) - at;
    if (n < WARM_UP) continue;
    floor.push(floorMs);
    page.push(pageMs);
    told.push(webhookMs);
    await new Promise((done) => setTimeout(done, pauseMs));
  }
  client.close();
  other.close();
  events.destroy();
  tell(spread(floor), spread(page), spread(told));
} finally {
  await stop(system);
  webhook.closeAllConnections();
  webhook.close();
  rmSync(home, { recursive: true, force: true });
}

interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  return { p50Ms: round(percentile(sorted, 50)), p99Ms: round(percentile(sorted, 99)) };
}

function tell(floor: Spread, page: Spread, told: Spread): void {
  const ratio = round(page.p50Ms / floor.p50Ms);
  if (values.json) {
    console.log(JSON.stringify({ bench: 'alert-latency', count, floor, page, told, ratio, machine: machine() }));
    return;
  }
  const text = ({ p50Ms, p99Ms }: Spread) => `p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
  const gate = (met: boolean) => (met ? 'met' : 'MISSED');
  console.log(
    formatFigures(`From a critical line to an alert, ${count} times, one at a time`, [
      ['floor: an ordinary line, and a request to the orchestrator', text(floor)],
      ['the alert committed, and its event at a page', text(page)],
      ['  at the orchestrator in 50 ms (p99)', gate(page.p99Ms <= EVENT_MS_GATE)],
      ['  at the page in 250 ms (p99)', gate(page.p99Ms <= PAGE_MS_GATE)],
      ['the message at a webhook', text(told)],
      ['RATIO TO FLOOR (p50, less is better)', String(ratio)],
      ['Machine', machineText()],
    ]),
  );
}

async function address(part: 'agent' | 'orchestrator'): Promise<string> {
  const file = join(home, part, 'address.json');
  for (let waitedMs = 0; !existsSync(file); waitedMs += 50) {
    if (system.exitCode !== null || waitedMs > 60_000) throw new Error(`nervesys up did not start:\n${complaints}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  await new Promise((done) => setTimeout(done, 200));
  return (JSON.parse(readFileSync(file, 'utf8')) as { url: string }).url;
}

/** A page's stream of events; resolves once it is open. */
async function follow(url: string, key: string): Promise<http.IncomingMessage> {
  const stream = http.get(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${key}` } });
  const [response] = (await once(stream, 'response')) as [http.IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`GET /api/v1/events answered ${response.statusCode}`);
  let rest = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    const at = performance.now();
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const name = /^event: alert$/m.test(block) ? /"agent_id":"(LATENCY\d+)"/.exec(block)?.[1] : undefined;
      if (name !== undefined && !seen.page.has(name)) seen.page.set(name, at);
    }
  });
  return response;
}

async function arrival(times: ReadonlyMap<string, number>, name: string): Promise<number> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs++) {
    const at = times.get(name);
    if (at !== undefined) return at;
    await new Promise((done) => setTimeout(done, 1));
  }
  throw new Error(`no alert of ${name} within 10 s:\n${complaints}`);
}
