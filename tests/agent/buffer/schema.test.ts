import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Agent } from '../../../src/agent/agent.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { formatObjectKey, WINDOW_MS, windowStart } from '../../../src/contract/object-key.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { sha256Hex } from '../../../src/platform/digest.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { DirectoryArchive } from '../../../src/storage/index.ts';
import { configFolder } from '../../config/folder.ts';
import { makeBatch } from '../../support/batch.ts';
import { assertEachOnceInOrder, postLogs, readFolderArchive, readRecords } from '../../support/running-system.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const EPOCH = '0123456789abcdef';

/** The tables as the first version made them, word for word. */
const VERSION_1 = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE blocks (
  first_id INTEGER PRIMARY KEY,
  last_id INTEGER NOT NULL,
  window_at INTEGER NOT NULL,
  arrived_at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  window_at INTEGER NOT NULL,
  oldest_at INTEGER NOT NULL,
  sealed_at INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  md5 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  key TEXT,
  manifest TEXT NOT NULL
) STRICT;
CREATE TABLE batch_objects (batch_id INTEGER PRIMARY KEY, object BLOB NOT NULL) STRICT;
CREATE TABLE positions (
  file TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  offset INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  fingerprint_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (key TEXT PRIMARY KEY, answer TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE VIEW logs AS
  SELECT blocks.first_id + line.key AS id,
         line.value ->> '$.timestamp' AS timestamp,
         line.value ->> '$.level' AS level,
         line.value ->> '$.agent_id' AS agent_id,
         line.value ->> '$.action' AS action,
         line.value ->> '$.message' AS message,
         line.value -> '$.context' AS context,
         0 AS uploaded
  FROM blocks, json_each('[' || replace(rtrim(CAST(blocks.body AS TEXT), char(10)), char(10), ',') || ']') AS line;
PRAGMA user_version = 1;
`;

/** Records 1–30 sealed, their key noted; 31–60 sealed; 61–80 in two open blocks of the window before this one, 81–90 in this one's. */
function writeVersion1(path: string, tailed: { path: string; offset: number }): { notedKey: string } {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; ${VERSION_1}`);
  const now = Date.now();
  const windowAt = windowStart(now, WINDOW_MS) - WINDOW_MS;
  const notedKey = formatObjectKey({ server: SERVER, windowAt, n: 7 });
  let previousManifest = '';
  for (const [first, key] of [
    [1, notedKey],
    [31, null],
  ] as const) {
    const { manifest, bytes, md5, sha256, object } = batchOf(first, 30, windowAt);
    previousManifest = JSON.stringify(manifest);
    db.prepare('INSERT INTO batches VALUES (NULL, ?, ?, ?, ?, ?, 30, ?, ?, ?, ?, ?)').run(
      ...[first, first + 29, windowAt, windowAt, windowAt, bytes, md5, sha256, key, previousManifest],
    );
    db.prepare('INSERT INTO batch_objects VALUES (last_insert_rowid(), ?)').run(object);
  }
  for (const [first, count, at] of [
    [61, 10, windowAt],
    [71, 10, windowAt],
    [81, 10, windowAt + WINDOW_MS],
  ] as const) {
    const body = Buffer.from(`${batchOf(first, count, at).lines.join('\n')}\n`);
    db.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?, ?)').run(first, first + count - 1, at, at, body);
  }
  for (const [name, value] of Object.entries({
    epoch: EPOCH,
    sealed_through: '60',
    last_manifest_sha256: sha256Hex(previousManifest),
  }))
    db.prepare('INSERT INTO meta VALUES (?, ?)').run(name, value);
  const { dev, ino } = statSync(tailed.path);
  const head = readFileSync(tailed.path).subarray(0, 256);
  db.prepare('INSERT INTO positions VALUES (?, ?, ?, ?, ?)').run(
    ...[`${dev}:${ino}`, tailed.path, tailed.offset, sha256Hex(head), head.length],
  );
  db.prepare('INSERT INTO idempotency VALUES (?, ?, ?)').run('sent before', '{"accepted":1}', now);
  db.close();
  return { notedKey };
}

function batchOf(first: number, count: number, windowAt: number) {
  const window = new Date(windowAt).toISOString();
  const records = Array.from({ length: count }, (_, i) => ({ context: { n: first + i } }));
  const { announcement, object, lines } = makeBatch({ server: SERVER, epoch: EPOCH, first, window, records });
  return { ...announcement, object, lines };
}

async function openAgent(t: TestContext, home: string, files: Record<string, string> = {}): Promise<Agent> {
  const agent = await Agent.open({
    home,
    server: SERVER,
    config: (await loadConfig(await configFolder(t, files))).config,
    port: 0,
    archive: await DirectoryArchive.open(join(home, 'archive'), { clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

test('a buffer of the first version is taken over: each record archived once, noted keys, positions and answers kept', async (t) => {
  const home = await tempDir(t);
  const log = join(home, 'gimai.log');
  writeFileSync(log, 'read before\nwritten since\n');
  const path = join(home, 'agent', 'buffer.db');
  const { notedKey } = writeVersion1(path, { path: log, offset: 'read before\n'.length });

  const agent = await openAgent(t, home, { 'agents/gimai.yaml': `sources: [{ file: ${log}, start_at: beginning }]\n` });
  const repeat = await postLogs(agent.url, '{"agent_id":"GROK","message":"again"}', {
    'idempotency-key': 'sent before',
  });
  const fresh = await postLogs(agent.url, '{"agent_id":"GROK","message":"new","context":{"n":91}}');
  await agent.flush();
  await agent.close();

  assert.deepEqual(await repeat.json(), { accepted: 1 });
  assert.equal(fresh.status, 200);
  const objects = await readFolderArchive(join(home, 'archive'));
  const records = readRecords(objects);
  assertEachOnceInOrder(records, 'GROK', 91);
  assert.ok(records.every((record) => record.id.startsWith(EPOCH)));
  assert.deepEqual(
    records.filter((record) => record.agent_id === 'GIMAI').map((record) => record.message),
    ['written since'],
  );
  const under = objects.find(({ key }) => key === notedKey);
  assert.equal(readRecords(under === undefined ? [] : [under]).length, 30, 'it went to the key that was noted for it');
});

test('a buffer of a newer version is refused, told what to do, and left as it is', async (t) => {
  const home = await tempDir(t);
  const log = join(home, 'gimai.log');
  writeFileSync(log, '');
  const path = join(home, 'agent', 'buffer.db');
  writeVersion1(path, { path: log, offset: 0 });
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 1000');
  db.close();
  const before = readFileSync(path);

  await assert.rejects(openAgent(t, home), (error) => {
    assert.ok(error instanceof NervesysError);
    assert.equal(error.code, 'NSV_BUFFER_UNUSABLE');
    assert.match(error.message, /newer version \(schema 1000, this one knows \d+\)/);
    assert.match(error.hint ?? '', /newer version/);
    return true;
  });

  assert.deepEqual(readFileSync(path), before);
});
