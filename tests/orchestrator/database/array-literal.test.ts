import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { plainArray, textArray } from '../../../src/orchestrator/database/array-literal.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('any text comes back from an array as it was', async () => {
  await using database = await postgres.database();
  const texts = [
    '',
    'NULL',
    'null',
    null,
    '"',
    '\\',
    '\\"',
    '{}',
    '{a,b}',
    ' , ',
    "'; DROP TABLE x;--",
    'שלום 🙂',
    '\n\t\r',
    '\\x41',
    '$1',
    '{"a":"\\u0041"}',
  ];

  const { rows } = await database.query<{ texts: (string | null)[]; numbers: number[] }>(
    'SELECT $1::text[] AS texts, $2::float8[] AS numbers',
    [textArray(texts), plainArray([0, -1.5, 1e21, null, 1.7e308])],
  );

  assert.deepEqual(rows[0]?.texts, texts);
  assert.deepEqual(rows[0]?.numbers, [0, -1.5, 1e21, null, 1.7e308]);
});
