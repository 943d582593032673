import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import { waitingRecords } from '../../src/commands/buffer/waiting-records.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

const server = 'AIGARDEN01' as ServerName;

async function openBuffer(t: TestContext) {
  const home = await tempDir(t);
  mkdirSync(join(home, 'agent'));
  const path = join(home, 'agent/buffer.db');
  const clock = systemClock;
  const buffer = LogBuffer.open({
    path,
    server,
    limitBytes: 10_000_000,
    windowMs: 600_000,
    batchTextBytes: 1_000_000,
    clock,
    logger: silentLogger,
  });
  t.after(() => buffer.close());
  let n = 0;
  const append = (count: number, agentId = 'GROK') =>
    buffer.append(
      Array.from({ length: count }, () =>
        encodeObject(
          { agent_id: agentId, level: 'WARN', action: 'count', message: `line ${++n}, “quoted”`, context: { n } },
          { server, now: clock.now() },
        ),
      ),
    );
  return { home, path, buffer, append };
}

test('dump writes everything that waits, sealed or not, as the plan’s table, while the agent has the buffer open', async (t) => {
  const { home, buffer, append } = await openBuffer(t);
  await append(3);
  await buffer.seal();
  await append(2, 'GIMAI');
  await buffer.seal();
  await append(4);
  const file = join(home, 'dump.db');

  const done = await runNervesys(['buffer', 'dump', file, '--home', home, '--json']);

  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(JSON.parse(done.stdout.toString()), { file, records: 9 });
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare('SELECT * FROM logs ORDER BY id').all();
  const columns = db.prepare('SELECT name, type FROM pragma_table_info(?)').all('logs');
  const indexes = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name").all();
  db.close();
  assert.deepEqual(
    rows.map((row) => [
      row['id'],
      row['agent_id'],
      row['message'],
      JSON.parse(String(row['context'])),
      row['uploaded'],
    ]),
    Array.from({ length: 9 }, (_, i) => {
      return [i + 1, i === 3 || i === 4 ? 'GIMAI' : 'GROK', `line ${i + 1}, “quoted”`, { n: i + 1 }, 0];
    }),
  );
  assert.match(String(rows[0]!['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(
    columns.map((column) => `${column['name']} ${column['type']}`),
    [
      'id INTEGER',
      'timestamp DATETIME',
      'level TEXT',
      'agent_id TEXT',
      'action TEXT',
      'message TEXT',
      'context TEXT',
      'uploaded INTEGER',
    ],
  );
  assert.deepEqual(
    indexes.map((index) => index['name']),
    ['idx_agent_time', 'idx_timestamp', 'idx_uploaded'],
  );
  assert.deepEqual(
    readdirSync(home).filter((name) => name.includes('partial')),
    [],
  );
});

test('the sqlite3 program reads a dump and finds it sound', {
  skip: spawnSync('sqlite3', ['--version']).status === 0 ? false : 'sqlite3 is not installed',
}, async (t) => {
  const { home, append } = await openBuffer(t);
  await append(5);
  const file = join(home, 'dump.db');
  assert.equal((await runNervesys(['buffer', 'dump', file, '--home', home])).code, 0);

  const ask = (sql: string) => execFileSync('sqlite3', [file, sql], { encoding: 'utf8' }).trim();

  assert.equal(ask('PRAGMA integrity_check'), 'ok');
  assert.equal(ask("SELECT count(*), max(id) FROM logs WHERE agent_id = 'GROK' AND uploaded = 0"), '5|5');
  assert.equal(ask("INSERT INTO logs (message) VALUES ('by hand') RETURNING id, uploaded"), '6|0');
});

test('an existing file is never overwritten, and no buffer is an error that says where it was looked for', async (t) => {
  const { home, append } = await openBuffer(t);
  await append(1);
  const file = join(home, 'mine.db');
  writeFileSync(file, 'precious');

  const refused = await runNervesys(['buffer', 'dump', file, '--home', home]);
  const nowhere = await runNervesys(['buffer', 'dump', join(home, 'other.db'), '--home', join(home, 'empty')]);

  assert.match(refused.stderr, /exists already, and is not overwritten\nhint: /);
  assert.equal(refused.code, 2);
  assert.equal(execFileSync('cat', [file], { encoding: 'utf8' }), 'precious');
  assert.match(nowhere.stderr, /there is no buffer at .*buffer\.db\nhint: /);
});

test('what is sealed, archived or added while the dump reads is in it once, left out, or not waited for', async (t) => {
  const { path, buffer, append } = await openBuffer(t);
  await append(3);
  await buffer.seal();
  await append(3);
  await append(3);
  await append(3);
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  t.after(() => db.close());

  const seen: number[] = [];
  for await (const { record } of waitingRecords(db)) {
    seen.push(record.sequence);
    if (record.sequence === 1) await append(5); // newer than the dump
    if (record.sequence === 4) await buffer.seal(); // 4 … 17 move from their blocks into a batch
    if (record.sequence === 8) {
      buffer.removeArchived(buffer.nextBatch()!.id);
      await append(1);
      assert.equal(buffer.stats().lastSequence, 18, 'the dump holds no lock that stops the agent');
    }
  }

  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});
