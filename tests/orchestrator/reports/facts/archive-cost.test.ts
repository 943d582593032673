import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveCost } from '../../../../src/orchestrator/reports/facts/archive-cost.ts';

const PRICES = { keepTbMonth: 4, keepMillionMonth: 8.8, writeMillion: 5 };
const DAY_SECONDS = 86_400;

test('a terabyte for 30 days costs what the table says, and a day of it a thirtieth', () => {
  const standing = { bytes: 1e12, objects: 0 };

  assert.deepEqual(archiveCost(standing, 0, 30 * DAY_SECONDS, PRICES), { cost: 4, costMonth: 4 });
  assert.deepEqual(archiveCost(standing, 0, DAY_SECONDS, PRICES), { cost: 0.133333, costMonth: 4 });
});

test('objects cost by their number, and writing them once', () => {
  const standing = { bytes: 0, objects: 2_000_000 };

  assert.deepEqual(archiveCost(standing, 100_000, 15 * DAY_SECONDS, PRICES), { cost: 9.3, costMonth: 17.6 });
});

test('days with an hour more or less cost accordingly, and nothing costs nothing', () => {
  const standing = { bytes: 720e12, objects: 0 };

  assert.equal(archiveCost(standing, 0, 23 * 3_600, PRICES).cost, 92);
  assert.equal(archiveCost(standing, 0, 25 * 3_600, PRICES).cost, 100);
  assert.deepEqual(archiveCost({ bytes: 0, objects: 0 }, 0, DAY_SECONDS, PRICES), { cost: 0, costMonth: 0 });
});
