/*
 * A real process follows a file and is killed at random instants, while the file is written, also half a line at a time, and rotated by
 * renaming it, alive or not; a late line goes to the old file each time. Records and positions are one transaction: in the end each line
 * is there once, and in order within its file. SEED=n repeats the choices, KILLS=n makes it longer.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../../support/random.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const KILLS = Number(process.env['KILLS'] ?? 5);
const ALIVE_MS_MAX = 120;

test('killed again and again while its file is written and rotated, every line is there exactly once', async (t) => {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const dir = await tempDir(t);
  const logs = join(dir, 'logs');
  await mkdir(logs);
  const path = join(logs, 'app.log');
  const written: string[] = [];
  let rotations = 0;
  let file: FileHandle = await open(path, 'a');
  t.after(() => file.close());
  const writeSome = async () => {
    for (let lines = 1 + Math.floor(random() * 300); lines > 0; lines--) {
      const message = `${rotations} ${written.length} ${'.'.repeat(random() * 200)}`;
      const line = random() < 0.7 ? canonical(message) : message;
      const half = random() < 0.02 ? Math.floor(line.length / 2) : 0;
      if (half > 0) {
        await file.write(line.slice(0, half));
        await sleep(random() * 3);
      }
      await file.write(`${line.slice(half)}\n`);
      written.push(message);
    }
  };
  // A file that was renamed before anybody saw it is hidden from any follower.
  const rotateIfKnown = async () => {
    const { dev, ino } = await stat(path, { bigint: true });
    if (!read(dir, 'SELECT file FROM positions').some((row) => row['file'] === `${dev}:${ino}`)) return;
    await rename(path, `${path}.${++rotations}`);
    const old = file;
    file = await open(path, 'a');
    const message = `${rotations - 1} ${written.length} late`;
    await old.write(`${message}\n`);
    written.push(message);
    await old.close();
  };

  for (let kill = 0; kill <= KILLS; kill++) {
    const args = [join(import.meta.dirname, 'tail-process.ts'), dir, join(logs, '*.log'), 'lines'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    const killing = sleep(random() * ALIVE_MS_MAX);
    await writeSome();
    if (kill % 2 === 1 || random() < 0.5) await rotateIfKnown();
    await writeSome();
    await killing;
    if (kill === KILLS)
      await until('every line', () => read(dir, 'SELECT id FROM logs').length >= written.length, 15_000);
    child.kill('SIGKILL');
    await exited;
    if (kill < KILLS && random() < 0.6) await rotateIfKnown();
  }

  t.diagnostic(`${written.length} lines, ${rotations} rotations`);
  const found = read(dir, 'SELECT message FROM logs ORDER BY id').map(({ message }) => String(message));
  const inFile = (n: number) => (message: string) => message.startsWith(`${n} `);
  assert.equal(found.length, written.length);
  for (let n = 0; n <= rotations; n++) assert.deepEqual(found.filter(inFile(n)), written.filter(inFile(n)));
});

function canonical(message: string): string {
  return JSON.stringify({
    timestamp: '2025-12-10T19:45:00.123Z',
    level: 'INFO',
    agent_id: 'GROK',
    message,
    context: {},
  });
}

function read(dir: string, query: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(dir, 'buffer.db'), { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}
