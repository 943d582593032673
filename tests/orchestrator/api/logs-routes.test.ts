/** `GET /api/v1/logs` over real archives: what is found, in which order, and what a damaged or absent archive looks like. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it, type TestContext } from 'node:test';
import { archiveBatch, type Fleet, openFleet, openS3Fleet } from '../../support/archive-fleet.ts';
import { type GivenRecord, makeBatch } from '../../support/batch.ts';
import { TestPostgres } from '../../support/postgres.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

const DAY = '2025-12-10';

/** The messages that a search answers. */
async function search(fleet: Fleet, query: Record<string, string | number> = {}): Promise<string[]> {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const answer = await fleet.orchestrator.ask('GET', `/api/v1/logs?${parameters}`);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/x-ndjson/);
  return answer.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).message);
}

/** A fleet whose archive holds one batch a window, each with these records. */
async function filled(t: TestContext, windows: Record<string, readonly GivenRecord[]>): Promise<Fleet> {
  const fleet = await openFleet(t, postgres);
  let first = 1;
  for (const [time, records] of Object.entries(windows)) {
    await archiveBatch(fleet, makeBatch({ window: `${DAY}T${time}:00.000Z`, first, records }));
    first += records.length;
  }
  return fleet;
}

describe('GET /api/v1/logs', () => {
  it('answers what is archived, exactly as it stands there, oldest first', async (t) => {
    const fleet = await openFleet(t, postgres);
    const later = makeBatch({ window: `${DAY}T20:00:00.000Z`, first: 10 });
    const earlier = makeBatch({ window: `${DAY}T19:40:00.000Z`, recordsPerMember: 2, records: Array(7).fill({}) });
    await archiveBatch(fleet, later);
    await archiveBatch(fleet, earlier);

    const answer = await fleet.orchestrator.ask('GET', '/api/v1/logs');

    assert.equal(answer.text, [...earlier.lines, ...later.lines].map((line) => `${line}\n`).join(''));
  });

  it('finds by time what arrived late, in a window after its time', async (t) => {
    const fleet = await filled(t, {
      '19:40': [{ message: 'on time', timestamp: `${DAY}T19:41:00.000Z` }],
      '22:00': [
        { message: 'late', timestamp: `${DAY}T19:42:00.000Z` },
        { message: 'fresh', timestamp: `${DAY}T22:01:00.000Z` },
      ],
      '23:00': [{ message: 'from the future', timestamp: '2030-01-01T00:00:00.000Z' }],
    });
    const range = { since: `${DAY}T19:40:00Z`, until: `${DAY}T19:50:00Z` };

    assert.deepEqual(await search(fleet, range), ['on time', 'late']);
    assert.deepEqual(await search(fleet, { since: `${DAY}T20:00:00Z` }), ['fresh', 'from the future']);
    assert.deepEqual(await search(fleet, { since: '2029-12-31' }), ['from the future']);
    assert.deepEqual(await search(fleet, { until: `${DAY}T19:41:00Z` }), []);
    assert.deepEqual(await search(fleet, { since: '1s', until: '0s' }), []);
  });

  it('chooses by server, AI agent, level and expression, and stops at the limit', async (t) => {
    const fleet = await filled(t, {
      '19:40': [
        { message: 'm1', level: 'DEBUG' },
        { message: 'm2', agent_id: 'DEEPSEEK', level: 'ERROR' },
        { message: 'm3', agent_id: "'; drop table logs;--" },
      ],
      '19:50': [{ message: 'm4', level: 'CRITICAL', context: { tool: 'search' } }, { message: 'm5' }],
    });

    assert.deepEqual(await search(fleet, { level: 'ERROR' }), ['m2', 'm4']);
    assert.deepEqual(await search(fleet, { agent_id: 'GROK' }), ['m1', 'm4', 'm5']);
    assert.deepEqual(await search(fleet, { agent_id: "'; drop table logs;--" }), ['m3']);
    assert.deepEqual(await search(fleet, { grep: '"tool":"s' }), ['m4']);
    assert.deepEqual(await search(fleet, { grep: 'm[135]' }), ['m1', 'm3', 'm5']);
    assert.deepEqual(await search(fleet, { limit: 4 }), ['m1', 'm2', 'm3', 'm4']);
    assert.deepEqual(await search(fleet, { server: 'AIGARDEN01', limit: 1 }), ['m1']);
    assert.deepEqual(await search(fleet, { server: 'AIGARDEN09' }), []);
  });

  it('puts the records of several servers in order of time within a window', async (t) => {
    const fleet = await openFleet(t, postgres);
    const other = { ...fleet, key: await fleet.orchestrator.enrol('AIGARDEN02') };
    const at = (minute: number, message: string) => ({ message, timestamp: `${DAY}T19:4${minute}:00.000Z` });
    await archiveBatch(fleet, makeBatch({ records: [at(1, 'a'), at(4, 'd')] }));
    await archiveBatch(other, makeBatch({ server: 'AIGARDEN02', records: [at(2, 'b'), at(3, 'c'), at(5, 'e')] }));

    assert.deepEqual(await search(fleet), ['a', 'b', 'c', 'd', 'e']);
    assert.deepEqual(await search(fleet, { server: 'AIGARDEN02' }), ['b', 'c', 'e']);
  });

  it('goes through more objects than one page of the catalog', async (t) => {
    const fleet = await openFleet(t, postgres);
    await archiveBatch(fleet, makeBatch({ records: [{}] }));
    // 450 more rows of the same object: what is read doesn't matter here, which rows are visited does.
    await fleet.database.query(
      `INSERT INTO archive_objects SELECT server, epoch, 1000 + i, 1000 + i, key || i, window_at + i * interval '10 minutes', 0, state,
         bytes, md5, sha256, text_bytes, records, first_timestamp, last_timestamp, manifest, announced_at, archived_at
       FROM archive_objects, generate_series(1, 450) AS i`,
    );

    const answer = await fleet.orchestrator.ask('GET', '/api/v1/logs');

    const lines = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 451);
    assert.equal(new Set(lines.map((line) => line.context.key ?? 'first')).size, 451);
  });

  it('leaves a record in place of an object that is gone or damaged, and goes on', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const keys: string[] = [];
    for (const [i, time] of ['19:00', '19:10', '19:20', '19:30'].entries()) {
      keys.push(
        await archiveBatch(fleet, makeBatch({ first: 1 + i, window: `${DAY}T${time}:00.000Z`, records: [{}] })),
      );
    }
    fleet.s3.remove(keys[0]!);
    const damaged = Buffer.from(fleet.s3.objects.get(keys[1]!)!.body);
    damaged.fill(0, damaged.length - 40);
    fleet.s3.plant(keys[1]!, damaged);
    fleet.s3.plant(keys[2]!, makeBatch({ first: 3, records: [{ message: 'x'.repeat(5000) }] }).object);

    const answer = await fleet.orchestrator.ask('GET', '/api/v1/logs');

    const records = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map((record) => record.context.code ?? record.message),
      ['NSV_ARCHIVE_NOT_FOUND', 'NSV_ARCHIVE_DAMAGED', 'NSV_ARCHIVE_DAMAGED', 'message 4'],
    );
    assert.equal(records[0].action, 'nervesys.unreadable');
    assert.equal(records[0].context.key, keys[0]);
    assert.equal(records[0].level, 'ERROR');
  });

  it('reads an object whose writer named no members, as any gzip', async (t) => {
    const fleet = await openFleet(t, postgres);
    const batch = makeBatch({ recordsPerMember: 1 });
    const manifest = { ...batch.announcement.manifest, members: [] };
    await archiveBatch(fleet, { ...batch, announcement: { ...batch.announcement, manifest } });

    assert.deepEqual(await search(fleet), ['message 1', 'message 2', 'message 3']);
  });

  it('an archive that is away is told before anything is answered, and cuts an answer that has begun', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    for (const [i, time] of ['19:00', '19:10'].entries()) {
      const records = [{ message: randomBytes(200_000).toString('base64') }]; // more than is held back in one chunk
      await archiveBatch(fleet, makeBatch({ first: 1 + i, window: `${DAY}T${time}:00.000Z`, records }));
    }
    const passing = fleet.s3.requests.length;
    fleet.s3.failNext(4, { type: 'status', status: 503 });
    const refused = await fleet.orchestrator.ask('GET', '/api/v1/logs');
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, 'NSV_ARCHIVE_BUSY');
    assert.equal(fleet.s3.requests.length, passing + 4);

    assert.equal((await search(fleet)).length, 2);
    fleet.s3.failNext(1, { type: 'none' });
    fleet.s3.failNext(4, { type: 'status', status: 503 });
    const response = await fetch(`${fleet.orchestrator.url}/api/v1/logs`, {
      headers: { authorization: `Bearer ${fleet.orchestrator.adminKey}` },
    });
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
  });

  it('is for people and API keys; bad queries are refused with the reason', async (t) => {
    const fleet = await openFleet(t, postgres);
    const ask = (query: string, key?: string) => fleet.orchestrator.ask('GET', `/api/v1/logs?${query}`, { key });

    assert.equal((await ask('', fleet.key)).status, 403);
    assert.equal((await fleet.orchestrator.ask('GET', '/api/v1/logs', { key: null })).status, 401);
    for (const query of [
      'level=LOUD',
      'since=yesterday',
      'until=x',
      'limit=0',
      'limit=x',
      'grep=(',
      `grep=${'x'.repeat(201)}`,
    ]) {
      const answer = await ask(query);
      assert.equal(answer.status, 400, query);
      assert.equal(answer.json.code, 'NSV_BODY_INVALID');
    }
    assert.equal((await ask('')).text, '');
  });
});
