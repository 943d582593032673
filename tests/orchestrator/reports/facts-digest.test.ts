import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsDigest } from '../../../src/orchestrator/reports/facts-digest.ts';
import { sampleCritical, sampleDay } from '../../support/report-samples.ts';

/** The same with the keys of every object the other way round. */
function turned<T>(value: T): T {
  if (Array.isArray(value)) return value.map(turned) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, turned(one)]),
  ) as T;
}

test('facts that say the same have the same digest, whatever their version, their time and the order of their keys', () => {
  const facts = sampleDay('bad');
  const digest = factsDigest(facts);

  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.equal(factsDigest({ ...facts, version: 7, gathered_at: '2030-01-01T00:00:00.000Z' }), digest);
  assert.equal(factsDigest(turned(facts)), digest);
  assert.equal(factsDigest(JSON.parse(JSON.stringify(facts))), digest);
  assert.equal(factsDigest(turned(sampleCritical())), factsDigest(sampleCritical()));
});

test('facts that say something else have another digest', () => {
  const facts = sampleDay('bad');
  const others = [
    { ...facts, totals: { ...facts.totals, records: facts.totals.records! + 1 } },
    { ...facts, totals: { ...facts.totals, records: null } },
    { ...facts, agents: facts.agents.toReversed() },
    { ...facts, gaps: [] },
    { ...facts, totals: { ...facts.totals, records: String(facts.totals.records) as unknown as number } },
  ];

  assert.equal(new Set([facts, ...others].map(factsDigest)).size, 6);
});

test('a key is a name, and no list is taken for an object', () => {
  const facts = sampleDay('one-agent');
  const seconds = (value: unknown) =>
    factsDigest({ ...facts, servers: [{ ...facts.servers[0]!, seconds: value as object }] });
  const proto = JSON.parse('{"__proto__":1}');

  assert.equal(new Set([{}, [], proto, { of: [] }, [['up', 1]], { up: 1 }].map(seconds)).size, 6);
});
