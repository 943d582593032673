import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import type { AlertReport } from '../../../src/contract/alert.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { openTables } from '../../support/buffer-tables.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const LINES = Array.from({ length: 20 }, (_, i) => ({ message: `${i} ${'x'.repeat(1_500)}` }));

function alert(key: string, severity: AlertReport['severity'] = 'warning', detail: AlertReport['detail'] = {}) {
  const at = '2026-01-01T00:00:00.000Z';
  return { dedup_key: key, severity, server: SERVER, agent_id: null, kind: 'test', title: key, detail, at } as const;
}

const openBuffer = (path: string, limitBytes = 100_000_000) =>
  LogBuffer.open({
    path,
    server: SERVER,
    limitBytes,
    windowMs: 600_000,
    batchTextBytes: 10_000_000,
    clock: systemClock,
    logger: silentLogger,
  });

test('an agent that is killed tells its alerts afterwards: what may have arrived as it was, the rest counted behind it', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  const process = fork(join(import.meta.dirname, 'telling-process.ts'), [path]);
  const [attemptedId] = (await once(process, 'message')) as [string];
  process.kill('SIGKILL');
  await once(process, 'exit');

  const buffer = openBuffer(path);
  t.after(() => buffer.close());
  const first = buffer.alerts.next(100, 1_000_000);
  buffer.alerts.tell(alert('ram', 'critical'));
  buffer.alerts.remove(first);
  const second = buffer.alerts.next(100, 1_000_000);

  const told = (alerts: readonly AlertReport[]) => alerts.map(({ title, count }) => `${title} ×${count}`);
  assert.deepEqual(told(first), ['first ×1', 'other ×1']);
  assert.equal(first[0]!.id, attemptedId);
  assert.deepEqual(first[0]!.detail['lines_before'], [{ message: 'אזהרה' }]);
  assert.deepEqual(told(second), ['third ×2', 'ram ×1']);
  assert.equal(new Set([...first, ...second].map(({ id }) => id)).size, 4);
});

test('what was told a moment ago stands in the file as soon as it is to', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  const buffer = openBuffer(path);
  t.after(() => buffer.close());
  buffer.alerts.tell(alert('one'));
  await settle();
  buffer.alerts.tell(alert('two'));

  assert.equal(buffer.alerts.isSaved, false);
  assert.equal(buffer.saveAlerts(), true);

  const file = new DatabaseSync(path, { readOnly: true });
  t.after(() => file.close());
  assert.equal(file.prepare('SELECT count(*) AS n FROM alerts').get()?.['n'], 2);
});

test('what arrived is not told again after a restart', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  const clock = new FakeClock();
  const first = openTables(t, path, clock);
  for (const key of ['a', 'b']) first.alerts.tell(alert(key));
  first.alerts.remove(first.alerts.next(1, 1_000));
  await first.close();

  const second = openTables(t, path, clock);

  assert.deepEqual(
    second.alerts.next(9, 9_000).map(({ title }) => title),
    ['b'],
  );
});

test('a buffer file from before gets the tables, and an older program can still open it', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  await openBuffer(path).close();
  const db = new DatabaseSync(path);
  const versionOf = () => Object.values(db.prepare('PRAGMA user_version').get()!)[0];
  const before = versionOf();
  db.exec('DROP TABLE alerts; DROP TABLE beats');

  const buffer = openBuffer(path);
  t.after(() => buffer.close());
  buffer.alerts.tell(alert('a'));
  buffer.alerts.flush();

  assert.deepEqual(
    { ...db.prepare('SELECT dedup_key, severity, count FROM alerts').get() },
    { dedup_key: 'a', severity: 'warning', count: 1 },
  );
  assert.equal(versionOf(), before);
  db.close();
});

test('a storm of the same trouble is written a few times, and counted whole', async (t) => {
  const clock = new FakeClock();
  const { alerts, store } = openTables(t, join(await tempDir(t), 'buffer.db'), clock);
  let writes = 0;
  const transaction = store.transaction.bind(store);
  store.transaction = (work) => {
    writes++;
    return transaction(work);
  };

  for (let moment = 0; moment < 100; moment++) {
    for (let i = 0; i < 100; i++) alerts.tell(alert('a'));
    await settle();
    await clock.advance(10);
  }
  await clock.advance(100);

  assert.ok(writes >= 1 && writes <= 12, `${writes} transactions in a second`);
  assert.equal(alerts.next(1, 1_000)[0]!.count, 10_000);
});

test('where many wait the lines before them give way first; then the least severe, oldest alerts, within the bytes', async (t) => {
  const { alerts } = openTables(t, join(await tempDir(t), 'buffer.db'), new FakeClock());

  for (let i = 0; i < 200; i++)
    alerts.tell(alert(`a${i}`, i % 2 === 0 ? 'critical' : 'info', { n: i, lines_before: LINES }));
  const all = alerts.next(1_000, Number.POSITIVE_INFINITY);
  const withLines = all.filter(({ detail }) => detail['lines_before'] !== undefined);

  assert.deepEqual([all.length, alerts.dropped], [200, 0]);
  assert.ok(withLines.length >= 50 && withLines.length < 100, `${withLines.length} have their lines`);
  assert.ok(JSON.stringify(all).length < 4_000_000);
});

test('under a small limit alerts take a small part of it', async (t) => {
  const { alerts } = openTables(t, join(await tempDir(t), 'buffer.db'), new FakeClock(), { limitBytes: 2_000_000 });

  for (let i = 0; i < 200; i++)
    alerts.tell(alert(`a${i}`, i % 2 === 0 ? 'critical' : 'info', { text: 'x'.repeat(1_000) }));
  const left = alerts.next(1_000, Number.POSITIVE_INFINITY);

  assert.equal(left.length + alerts.dropped, 200);
  assert.ok(JSON.stringify(left).length < 90_000);
  assert.deepEqual(new Set(left.map(({ severity }) => severity)), new Set(['critical']));
});

test('that a trouble is over waits behind it; where it comes back before anybody knew, it never was', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  const first = openTables(t, path, new FakeClock());
  const over = (key: string) => ({ ...alert(key), resolved: true });
  for (const one of [alert('a'), over('a'), alert('a'), over('a'), alert('b'), over('b'), alert('b')])
    first.alerts.tell(one);
  first.alerts.remove(first.alerts.next(1, 1_000));
  await first.close();
  const { alerts } = openTables(t, path, new FakeClock());

  const told: string[] = [];
  for (let next = alerts.next(9, 9_000); next.length > 0; next = alerts.next(9, 9_000)) {
    told.push(...next.map(({ title, count, resolved }) => `${title} ×${count}${resolved === true ? ' over' : ''}`));
    alerts.remove(next);
  }

  assert.deepEqual(told, ['a ×1 over', 'b ×2']);
});

test('a request is as large as the orchestrator takes, and one alert at least', async (t) => {
  const { alerts } = openTables(t, join(await tempDir(t), 'buffer.db'), new FakeClock());
  for (let i = 0; i < 5; i++) alerts.tell(alert(`a${i}`, 'info', { lines_before: LINES }));

  assert.equal(alerts.next(100, 70_000).length, 2);
  assert.equal(alerts.next(100, 10).length, 1);
});

test('alerts that waited are taken out of the file once they are told, and the file shrinks', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  const buffer = openBuffer(path);
  t.after(() => buffer.close());
  for (let i = 0; i < 100; i++) buffer.alerts.tell(alert(`a${i}`, 'info', { text: 'x'.repeat(10_000) }));
  buffer.alerts.flush();
  const before = buffer.stats().bytes;

  buffer.alerts.remove(buffer.alerts.next(1_000, Number.POSITIVE_INFINITY));
  buffer.alerts.flush();
  await buffer.shrink();

  assert.ok(before > 1_000_000, `${before}`);
  assert.ok(buffer.stats().bytes < 400_000, `${buffer.stats().bytes}`);
});

test('a row that the disk has spoiled is given up and said, and the others are told', async (t) => {
  const path = join(await tempDir(t), 'buffer.db');
  const clock = new FakeClock();
  const first = openTables(t, path, clock);
  for (const key of ['a', 'b']) first.alerts.tell(alert(key));
  await first.close();
  const db = new DatabaseSync(path);
  db.exec("UPDATE alerts SET report = '{\"dedup' WHERE dedup_key = 'a'");
  db.close();

  const { alerts } = openTables(t, path, clock);

  assert.deepEqual(
    alerts.next(9, 9_000).map(({ title }) => title),
    ['b'],
  );
  assert.equal(alerts.dropped, 1);
});

test('what only says more of an alert that waits changes nothing else of it; of one on its way it waits behind it', async (t) => {
  const { alerts } = openTables(t, join(await tempDir(t), 'buffer.db'), new FakeClock());
  const more = (key: string) => ({ ...alert(key, 'warning', { model: 'its word' }), title: 'more', count: 0 });

  alerts.tell(alert('a', 'critical', { lines_before: LINES.slice(0, 1) }));
  alerts.tell(more('a'));
  const first = alerts.next(9, 90_000);
  alerts.tell(more('a'));
  alerts.remove(first);

  assert.deepEqual(
    first.map(({ title, count, detail }) => [title, count, detail]),
    [['a', 1, { lines_before: LINES.slice(0, 1), model: 'its word' }]],
  );
  assert.deepEqual(
    alerts.next(9, 90_000).map(({ title, count }) => [title, count]),
    [['more', 0]],
  );
});
