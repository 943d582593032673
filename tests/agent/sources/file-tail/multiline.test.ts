import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { FileTail } from '../../../../src/agent/sources/file-tail/file-tail.ts';
import type { TailSource } from '../../../../src/agent/sources/file-tail/tailed-file.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { openBuffer, SERVER } from '../../../support/local-api.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const QUIET_MS = 200;

async function fixture(t: TestContext, source: Partial<TailSource>) {
  const dir = await tempDir(t);
  const path = join(dir, 'app.log');
  let buffer = openBuffer(dir);
  let tail: FileTail | undefined;
  const start = async () => {
    tail = await FileTail.open({
      sources: [{ file: path, startAt: 'beginning', agentId: 'GROK', ...source }],
      server: SERVER,
      sink: buffer,
      clock: systemClock,
      logger: silentLogger,
      limits: { pollMs: 5, idlePollMs: 20, discoveryMs: 15, multilineQuietMs: QUIET_MS },
    });
    tail.start();
  };
  const restart = async () => {
    await tail?.close();
    await buffer.close();
    buffer = openBuffer(dir);
    await start();
  };
  t.after(async () => {
    await tail?.close();
    await buffer.close();
  });
  const records = () => recordsIn(dir);
  const messages = () => records().map(({ message }) => message);
  return { path, start, restart, records, messages };
}

function recordsIn(dir: string) {
  const database = new DatabaseSync(join(dir, 'buffer.db'), { readOnly: true });
  try {
    return database.prepare('SELECT level, timestamp, message FROM logs ORDER BY id').all() as {
      level: string;
      timestamp: string;
      message: string;
    }[];
  } finally {
    database.close();
  }
}

test('a stack trace is one record, also when it is written piece by piece, with the level and time of its first line', async (t) => {
  const { path, start, records } = await fixture(t, { multiline: 'auto', timeZone: '+02:00' });
  await writeFile(path, '2025-01-15 08:00:00,123 ERROR [main] a.B - failed\njava.io.IOExcep');
  await start();
  await appendFile(path, 'tion: no\n\tat a.B.c(B.java:1)\n');
  await appendFile(path, 'Caused by: java.lang.Error: x\n\tat a.D.e(D.java:2)\n');

  await until('the record', () => records().length > 0);

  assert.deepEqual(
    { ...records()[0] },
    {
      level: 'ERROR',
      timestamp: '2025-01-15T06:00:00.123Z',
      message:
        '2025-01-15 08:00:00,123 ERROR [main] a.B - failed\njava.io.IOException: no\n\tat a.B.c(B.java:1)\nCaused by: java.lang.Error: x\n\tat a.D.e(D.java:2)',
    },
  );
});

test('the last record comes after a silence; what is added later is a record of its own', async (t) => {
  const { path, start, messages } = await fixture(t, { multiline: { start: '^\\d{4}-' } });
  await writeFile(path, '2025-01-15 one\nmore\n');
  const startedAt = performance.now();
  await start();
  await until('the first record', () => messages().length === 1);
  assert.ok(performance.now() - startedAt >= QUIET_MS);

  await appendFile(path, 'late\n2025-01-16 two\n');
  await until('three records', () => messages().length === 3);
  assert.deepEqual(messages(), ['2025-01-15 one\nmore', 'late', '2025-01-16 two']);
});

test('a record that was waiting at a restart is read again, whole', async (t) => {
  const { path, start, restart, messages } = await fixture(t, { multiline: { start: '^\\d{4}-' } });
  await writeFile(path, '2025-01-15 one\n2025-01-16 two\nmore\n');
  await start();
  await until('the first record', () => messages().length === 1);
  await restart();
  await appendFile(path, 'and more\n2025-01-17 three\n');

  await until('all three', () => messages().length === 3);
  assert.deepEqual(messages(), ['2025-01-15 one', '2025-01-16 two\nmore\nand more', '2025-01-17 three']);
});

test('killed again and again while stack traces are written, each is there once and whole', async (t) => {
  const dir = await tempDir(t);
  const logs = join(dir, 'logs');
  await mkdir(logs);
  const path = join(logs, 'app.log');
  const record = (n: number) => `2025-01-15 08:00:00 ERROR number ${n}\n\tat a.B(${'x'.repeat(n % 50)})\n\tat c.D\n`;
  let written = 0;
  const write = async (count: number) => {
    for (const end = written + count; written < end; written++) await appendFile(path, record(written));
  };
  for (let round = 0; round < 6; round++) {
    const args = [join(import.meta.dirname, 'tail-process.ts'), dir, join(logs, '*.log')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await write(60 + round * 17);
    if (round === 5) await until('all records', () => recordsIn(dir).length >= written);
    child.kill('SIGKILL');
    await exited;
  }

  const messages = recordsIn(dir).map(({ message }) => message);
  assert.deepEqual(
    messages,
    Array.from({ length: written }, (_, n) => record(n).trimEnd()),
  );
});
