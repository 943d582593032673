import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { S3Server } from '../servers/s3-server.ts';
import { postLogs } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { settingsFor, straceMissing } from './torture/disk-fault.ts';
import { RunningAgent } from './torture/running-agent.ts';

/*
 * "Accepted" means on disk. strace notes what a real agent does, in order: between reading a request and writing its 200 there must be a write to
 * the WAL and, after it, a sync of the WAL that has succeeded.
 */

const CLIENTS = 4;
const REQUESTS_EACH = 5;

test('every answer to POST /logs follows a completed sync of what it acknowledges', async (t) => {
  const missing = straceMissing();
  if (missing !== undefined) return t.skip(missing);
  const home = await tempDir(t);
  const trace = join(home, 'trace');
  await using s3 = await S3Server.start();
  const calls = 'trace=read,write,writev,pwrite64,fsync,fdatasync';
  const strace = ['strace', '-D', '-f', '-y', '-s', '64', '-qq', '-o', trace, '-e', calls];
  const agent = new RunningAgent(home, settingsFor(s3), strace);
  t.after(() => agent.child.kill('SIGKILL'));
  await agent.ready();

  const client = async (_: unknown, i: number) => {
    for (let n = 0; n < REQUESTS_EACH; n++) {
      const answer = await postLogs(agent.url, JSON.stringify({ agent_id: 'GROK', message: `${i} ${n}` }));
      assert.equal(answer.status, 200);
      await answer.text();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await agent.end('SIGTERM');

  const { answers, unsynced } = followAnswers(readFileSync(trace, 'latin1').split('\n'));
  assert.deepEqual(unsynced, []);
  assert.equal(answers, CLIENTS * REQUESTS_EACH);
});

/** Where a request that was read stands: its records not yet written to the WAL, written, or synced. */
type Stage = 'read' | 'written' | 'synced';

/** Reads strace's notes. `unsynced`: the answers that came too early. */
function followAnswers(calls: readonly string[]): { answers: number; unsynced: string[] } {
  const requests = new Map<string, Stage>();
  const advance = (from: Stage, to: Stage) => {
    for (const [socket, stage] of requests) if (stage === from) requests.set(socket, to);
  };
  let answers = 0;
  const unsynced: string[] = [];
  for (const call of calls) {
    const [, name, file, rest] = /^\d+ +(\w+)\(\d+<([^>]*)>(.*)$/.exec(call) ?? [];
    if (name === undefined || file === undefined || rest === undefined) continue;
    if (name === 'read' && rest.startsWith(', "POST /logs')) requests.set(file, 'read');
    else if (name === 'pwrite64' && file.endsWith('-wal')) advance('read', 'written');
    else if (name.endsWith('sync') && file.endsWith('-wal') && / = 0$/.test(rest)) advance('written', 'synced');
    else if (name.startsWith('write') && rest.includes('"HTTP/1.1 200') && requests.has(file)) {
      answers++;
      if (requests.get(file) !== 'synced') unsynced.push(`${requests.get(file)}: ${call}`);
      requests.delete(file);
    }
  }
  return { answers, unsynced };
}
