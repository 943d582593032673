import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../support/random.ts';
import { postLogs } from '../../support/running-system.ts';
import { noise } from './noise.ts';
import { addressOf } from './running-agent.ts';

const RECORDS_MAX = 37;
const REPEAT_AFTER_MS = 10;
const PAUSE_MS_MAX = 8;
/** The machine is busy, but a request without an answer for so long would never get one. */
const ANSWER_MS_MAX = 60_000;

/** What clients met. */
export interface ClientFigures {
  requests: number;
  /** Without an answer: nobody was there, or it died. */
  unanswered: number;
  refusedFull: number;
  refusedClosing: number;
}

/**
 * One AI agent's client: sends requests one after the other until it is told to stop, each again and again until it has an answer, with the
 * same Idempotency-Key. Resolves with how many records it sent; rejects when `giveUp` aborts.
 */
export async function sendUntil(
  signal: AbortSignal,
  giveUp: AbortSignal,
  home: string,
  agentId: string,
  random: Random,
  figures: ClientFigures,
): Promise<number> {
  let sent = 0;
  while (!signal.aborted) {
    const count = 1 + (sent % RECORDS_MAX);
    const lines = Array.from({ length: count }, (_, i) =>
      JSON.stringify({ agent_id: agentId, message: `line ${sent + i + 1} ${noise(random, 250)}` }),
    );
    const headers = { 'idempotency-key': randomUUID() };
    const deadline = performance.now() + ANSWER_MS_MAX;
    while (!(await isTaken(home, lines, headers, figures))) {
      assert.ok(performance.now() < deadline, `${agentId} had no answer for ${ANSWER_MS_MAX} ms`);
      await sleep(REPEAT_AFTER_MS, undefined, { signal: giveUp });
    }
    sent += count;
    await sleep(random() * PAUSE_MS_MAX);
  }
  return sent;
}

async function isTaken(
  home: string,
  lines: readonly string[],
  headers: Record<string, string>,
  figures: ClientFigures,
): Promise<boolean> {
  figures.requests++;
  let answer: Response;
  let body: unknown;
  try {
    answer = await postLogs(addressOf(home)!, lines.join('\n'), headers);
    body = await answer.json();
  } catch {
    figures.unanswered++;
    return false;
  }
  if (answer.status === 429) figures.refusedFull++;
  else if (answer.status === 503) figures.refusedClosing++;
  else assert.deepEqual([answer.status, body], [200, { accepted: lines.length, dropped: 0, rejected: [] }]);
  return answer.status === 200;
}
