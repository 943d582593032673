import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  adoptObject,
  assignKey,
  type BatchRow,
  markArchived,
} from '../../../../src/orchestrator/catalog/batch-rows.ts';
import { markMissing, noteListed } from '../../../../src/orchestrator/catalog/reindex-rows.ts';
import type { Database } from '../../../../src/orchestrator/database/database.ts';
import { forgetExpired, readExpired } from '../../../../src/orchestrator/database/queries/expired-objects.ts';
import {
  archiveBehind,
  archivedBytesBySlot,
  archiveTotalsByDay,
  gatherArchive,
} from '../../../../src/orchestrator/reports/facts/archive-facts.ts';
import { lossFacts } from '../../../../src/orchestrator/reports/facts/losses.ts';
import { makeBatch } from '../../../support/batch.ts';
import { TestPostgres } from '../../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const DAY_MS = 86_400_000;
/** The local day of Jerusalem. */
const day = (date: string) => {
  const endsAt = new Date(`${date}T22:00:00Z`);
  return { day: date, startsAt: new Date(endsAt.getTime() - DAY_MS), endsAt };
};
const DAY = day('2025-12-10');
const PRICES = { currency: 'USD', keepTbMonth: 4e12, writeMillion: 0, keepMillionMonth: 0 };
const at = (time: string) => new Date(`2025-12-${time}:00Z`);

interface Sent {
  readonly first: number;
  readonly window: string;
  readonly server?: string;
}

/** A batch that a server announced at its window's end. */
function announced(database: Database, { first, window, server = 'AIGARDEN01' }: Sent): Promise<BatchRow> {
  const { announcement } = makeBatch({ first, server, window: at(window).toISOString() });
  return assignKey(database, announcement, new Date(at(window).getTime() + 300_000));
}

async function archived(database: Database, sent: Sent, archivedAt?: string): Promise<BatchRow> {
  const row = await announced(database, sent);
  const when = archivedAt === undefined ? new Date(at(sent.window).getTime() + 301_000) : at(archivedAt);
  await markArchived(database, row, row.key, when);
  return row;
}

test('what arrived is of the day of its window, whenever it was uploaded, and what stood there is as of the end', async () => {
  await using database = await postgres.database();
  const early = await archived(database, { first: 1, window: '09T10:00' });
  const own = await archived(database, { first: 4, window: '10T10:00', server: 'AIGARDEN02' });
  const late = await archived(database, { first: 7, window: '10T21:50' }, '10T22:01');
  await archived(database, { first: 10, window: '10T22:00' });

  const facts = await gatherArchive(database, DAY, PRICES);
  const [, ofDay] = await archiveTotalsByDay(database, [day('2025-12-08'), DAY], undefined);

  assert.deepEqual([facts.objects, facts.records, facts.bytes], [2, 6, own.bytes + late.bytes]);
  assert.equal(facts.compression, facts.text_bytes! / facts.bytes!);
  assert.deepEqual([facts.standing_objects, facts.standing_bytes], [2, early.bytes + own.bytes]);
  assert.deepEqual(
    [facts.currency, facts.cost_month, facts.cost],
    ['USD', (early.bytes + own.bytes) * 4, Number((((early.bytes + own.bytes) * 4) / 30).toFixed(6))],
  );
  assert.deepEqual(facts.by_server.map(({ server, objects }) => [server, objects]).sort(), [
    ['AIGARDEN01', 1],
    ['AIGARDEN02', 1],
  ]);
  assert.deepEqual([ofDay!.objects, ofDay!.cost], [2, null]);
  const slots = [
    { starts_at: '2025-12-09T22:00:00Z', ends_at: '2025-12-10T10:00:00Z', label: '' },
    { starts_at: '2025-12-10T10:00:00Z', ends_at: '2025-12-10T11:00:00Z', label: '' },
  ];
  assert.deepEqual(await archivedBytesBySlot(database, { slots }), [0, own.bytes]);
});

test('sums of the archive follow the catalog through losses, returns, new uploads and retention', async () => {
  await using database = await postgres.database();
  const sums = async () => {
    const { rows } = await database.query<Record<string, number>>(
      `SELECT (SELECT count(*) FROM archive_objects WHERE state = 'archived' AND missing_at IS NULL) AS stands,
         (SELECT sum(objects)::bigint FROM archive_standing) AS standing,
         coalesce((SELECT sum(bytes) FROM archive_objects WHERE state = 'archived' AND missing_at IS NULL), 0)::bigint AS bytes,
         (SELECT sum(bytes)::bigint FROM archive_standing) AS standing_bytes,
         (SELECT sum(objects)::bigint FROM archive_arrivals) AS arrivals`,
    );
    assert.deepEqual([rows[0]!['standing'], rows[0]!['standing_bytes']], [rows[0]!['stands'], rows[0]!['bytes']]);
    return [rows[0]!['standing'], rows[0]!['arrivals']];
  };
  const one = await archived(database, { first: 1, window: '10T10:00' });
  const two = await archived(database, { first: 4, window: '10T10:00' });
  await markArchived(database, two, two.key, at('10T11:00')); // told twice
  const steps = [await sums()];

  await markMissing(database, [{ ...one, n: 0 }], at('11T00:00'));
  await markMissing(database, [{ ...one, n: 0 }], at('12T00:00')); // found again by the next reindex
  steps.push(await sums());
  await noteListed(database, [{ key: one.key, bytes: one.bytes, modifiedAt: 0 }] as never, at('13T00:00'));
  steps.push(await sums());
  await markMissing(database, [{ ...one, n: 0 }], at('14T00:00'));
  const again = await announced(database, { first: 1, window: '10T10:00' }); // its server has it still
  steps.push(await sums());
  await markArchived(database, again, again.key, at('14T01:00'));
  steps.push(await sums());
  const { manifest, bytes } = makeBatch({ first: 7, window: at('10T10:00').toISOString() }).announcement;
  await adoptObject(
    database,
    { key: two.key.replace('.json', '.7.json').replace('.1.7', '.7'), bytes, manifest },
    at('15T00:00'),
  );
  steps.push(await sums());
  const horizon = { windowBefore: at('20T00:00'), archivedBefore: at('20T00:00') };
  await forgetExpired(database, await readExpired(database, horizon, 2), at('20T00:00'));
  steps.push(await sums());

  assert.deepEqual(steps, [
    [2, 2],
    [1, 2],
    [2, 2],
    [1, 1],
    [2, 2],
    [3, 3],
    [1, 3],
  ]);
  const [then, now] = await archiveTotalsByDay(database, [day('2025-12-10'), day('2025-12-20')], undefined);
  assert.deepEqual([then!.standingObjects, now!.standingObjects], [2, 1]);
});

async function beats(
  database: Database,
  bucket: string,
  { server = 'AIGARDEN01', buffer = 1, backlog = 0, oldest = 0 } = {},
): Promise<void> {
  await database.query(
    `INSERT INTO status_5m (server, agent_id, bucket, beats, seconds, buffer_min, buffer_avg, buffer_max, debug, info, warn, error, critical,
       lost, dropped, backlog_max, oldest_unarchived_max, worst_status)
     VALUES ($1, 'GROK', $2, 5, 300, $3, $3, $3, 0, 0, 0, 0, 0, 0, 0, $4, $5, 'healthy')`,
    [server, at(bucket), buffer, backlog, oldest],
  );
}

test('the peak of a buffer is the largest that any server told in the period', async () => {
  await using database = await postgres.database();
  await beats(database, '10T05:00', { buffer: 80 });
  await beats(database, '10T05:05', { server: 'AIGARDEN02', buffer: 90.5 });
  await beats(database, '10T22:00', { buffer: 400 });

  const { buffer_peak: peak } = await gatherArchive(database, DAY, undefined);

  assert.deepEqual(peak, { server: 'AIGARDEN02', mb: 90.5, at: '2025-12-10T05:05:00.000Z' });
});

test('servers that lost records are told, the one that lost most first', () => {
  const losses = [
    { server: 'B', lost: 2, dropped: 0 },
    { server: 'NONE', lost: 0, dropped: 9 },
    { server: 'C', lost: 42, dropped: 0 },
    { server: 'A', lost: 2, dropped: 0 },
  ];

  assert.deepEqual(lossFacts(losses), [
    { server: 'C', lost_records: 42 },
    { server: 'A', lost_records: 2 },
    { server: 'B', lost_records: 2 },
  ]);
});

test('servers are named whose records were not in the archive at the end, though their time had come', async () => {
  await using database = await postgres.database();
  const kept = await announced(database, { first: 1, window: '10T20:00' });
  await announced(database, { first: 4, window: '10T21:50', server: 'JUST-NOW' });
  await archived(database, { first: 7, window: '10T10:00', server: 'IN-TIME' });
  await beats(database, '10T21:50', { server: 'BACKLOG', backlog: 900, oldest: 9_000 });
  await beats(database, '10T21:50', { server: 'ORDINARY', backlog: 900, oldest: 300 });

  const gap = await archiveBehind(database, DAY);
  const before = await gatherArchive(database, DAY, undefined);
  await markArchived(database, kept, kept.key, at('11T05:00'));

  assert.deepEqual(gap, { kind: 'archive_behind', servers: ['AIGARDEN01', 'BACKLOG'], count: 2 });
  assert.deepEqual(await archiveBehind(database, DAY), gap); // it was so at the end of the day
  assert.equal(before.waiting_batches, 1);
  assert.equal(await archiveBehind(database, day('2025-12-08')), undefined);
});

test('before anything is known nothing is told, also not as 0', async () => {
  await using database = await postgres.database();

  const facts = await gatherArchive(database, DAY, PRICES);

  assert.deepEqual(
    [facts.objects, facts.bytes, facts.standing_bytes, facts.cost, facts.waiting_batches, facts.buffer_peak],
    [null, null, null, null, null, null],
  );
});
