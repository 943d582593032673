/**
 * The common workload: deterministic JSON log lines of a fleet of AI agents, 268 bytes a line on average, each with a unique
 * `context.seq`, so that loss and duplicates can be counted in the archive. The order of the random draws is part of it:
 * the same seed has to give the same bytes for ever, or figures can't be compared.
 *
 *   node bench/gen-logs.ts OUT [LINES=1000000] [SEED=42]
 */
import { closeSync, openSync, writeSync } from 'node:fs';

const MODELS = ['claude-sonnet-4', 'claude-opus-4', 'gpt-4o-mini', 'llama-3.1-70b'];
const TOOLS = ['read_file', 'write_file', 'bash', 'web_search', 'sql_query', 'http_get', 'grep', 'git_commit'];
const FILES = [
  'src/index.ts',
  'src/agent/loop.ts',
  'src/store/sqlite.ts',
  'README.md',
  'test/ship.test.ts',
  'pkg/util/retry.go',
  'app/models/user.py',
  'infra/main.tf',
];
const ERRORS = [
  'ETIMEDOUT',
  'ECONNRESET',
  'rate_limit_exceeded',
  'context_length_exceeded',
  'invalid_tool_args',
  'permission_denied',
];
const WORDS =
  'the a task file test result agent plan step context token cache retry user request found updated function module error fixed checked running next previous output input schema value'.split(
    ' ',
  );
const WRITE_CHARACTERS = 1 << 20;

/** Writes `count` lines to `path`; returns how many characters (all ASCII) that were. */
export function generateLogs(path: string, count: number, seed = 42): number {
  let state = seed >>> 0;
  const random = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const whole = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += (Math.floor(random() * 0xffffffff) >>> 0).toString(16).padStart(8, '0');
    return text.slice(0, digits);
  };
  const sentence = (words: number): string => Array.from({ length: words }, () => pick(WORDS)).join(' ');

  const agents = Array.from({ length: 200 }, (_, index) => {
    return `${pick(['plan', 'code', 'review', 'rsch', 'web', 'ops'])}-${String(index).padStart(3, '0')}`;
  });
  const sessions = agents.map(() => hex(10));
  const steps = agents.map(() => 0);
  let at = Date.UTC(2025, 0, 15, 8, 0, 0);
  const file = openSync(path, 'w');
  let pending: string[] = [];
  let pendingCharacters = 0;
  let total = 0;
  for (let seq = 0; seq < count; seq++) {
    at += whole(0, 12);
    const agent = Math.floor(random() * random() * agents.length);
    if (random() < 0.002) {
      sessions[agent] = hex(10);
      steps[agent] = 0;
    }
    const kind = random();
    let level = 'info';
    let action: string;
    let message: string;
    let context: Record<string, unknown>;
    const step = ++steps[agent]!;
    if (kind < 0.38) {
      const tool = pick(TOOLS);
      action = 'tool_call';
      message = `calling ${tool} on ${pick(FILES)}`;
      context = { tool, call_id: `call_${hex(8)}`, args: whole(20, 4000) };
    } else if (kind < 0.68) {
      const tool = pick(TOOLS);
      action = 'tool_result';
      const ms = whole(3, 9000);
      message = `${tool} finished in ${ms}ms`;
      context = { tool, call_id: `call_${hex(8)}`, duration_ms: ms, ok: true };
    } else if (kind < 0.85) {
      action = 'llm_request';
      const input = whole(300, 90000);
      const output = whole(5, 4000);
      message = `completion received, ${output} tokens`;
      context = {
        model: pick(MODELS),
        in_tok: input,
        out_tok: output,
        latency_ms: whole(300, 30000),
        cost_usd: Math.round(input * 0.3 + output * 1.5) / 1e5,
      };
    } else if (kind < 0.93) {
      action = 'thought';
      level = 'debug';
      message = sentence(whole(6, 20));
      context = { tokens: whole(10, 400) };
    } else if (kind < 0.97) {
      action = 'heartbeat';
      level = 'debug';
      message = 'heartbeat';
      context = { rss_mb: whole(40, 900), queue: whole(0, 50), uptime_s: whole(1, 864000) };
    } else {
      action = pick(['tool_call', 'llm_request']);
      level = random() < 0.4 ? 'error' : 'warn';
      const error = pick(ERRORS);
      message = `${action} failed: ${error} after ${whole(1, 5)} attempts`;
      context = {
        error,
        attempt: whole(1, 5),
        retry_in_ms: whole(100, 60000),
        trace: `at ${pick(FILES)}:${whole(1, 900)}:${whole(1, 80)}`,
      };
    }
    context['sess'] = sessions[agent];
    context['step'] = step;
    context['seq'] = seq;
    const timestamp = new Date(at).toISOString();
    const line = `${JSON.stringify({ timestamp, level, agent_id: agents[agent], action, message, context })}\n`;
    pending.push(line);
    pendingCharacters += line.length;
    if (pendingCharacters > WRITE_CHARACTERS) {
      total += writeSync(file, pending.join(''));
      pending = [];
      pendingCharacters = 0;
    }
  }
  total += writeSync(file, pending.join(''));
  closeSync(file);
  return total;
}

if (import.meta.main) {
  const [out, lines = '1000000', seed = '42'] = process.argv.slice(2);
  if (out === undefined) {
    console.error('usage: node bench/gen-logs.ts OUT [LINES] [SEED]');
    process.exitCode = 2;
  } else {
    const bytes = generateLogs(out, Number(lines), Number(seed));
    console.log(JSON.stringify({ lines: Number(lines), bytes, average: bytes / Number(lines) }));
  }
}
