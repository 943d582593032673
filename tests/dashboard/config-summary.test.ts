import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serversOn, summarizeConfig } from '../../src/dashboard/model/config-summary.ts';
import { makeServer } from './fixture-server.ts';

const NEW = 'abc123def456';
const OLD = '0123456789ab';

test('servers are counted by what they say they run; those whose key was taken away or that are out of service are not', () => {
  const servers = [
    makeServer('A10', { config: { running: OLD, desired: NEW, error: 'no' } }),
    makeServer('A2', { config: { running: null, desired: NEW, error: 'not that' } }),
    makeServer('B1', { config: { running: NEW, desired: NEW, error: null } }),
    makeServer('B2', { config: { running: NEW, desired: NEW, error: null } }),
    makeServer('OLDER'),
    makeServer('GONE', { key_created_at: null, config: { running: NEW, desired: NEW, error: 'never mind' } }),
    makeServer('RETIRED', { state: 'retired', config: { running: NEW, desired: NEW, error: null } }),
    makeServer('REVOKED', { state: 'revoked', config: { running: NEW, desired: NEW, error: null } }),
  ];

  const summary = summarizeConfig(new Map(servers.map((one) => [one.server, one])));

  assert.equal(summary.servers, 5);
  assert.deepEqual(
    summary.running.map(({ revision, servers: count }) => [revision, count]),
    [
      [null, 2],
      [NEW, 2],
      [OLD, 1],
    ],
  );
  assert.deepEqual([serversOn(summary, NEW), serversOn(summary, 'ffffffffffff')], [2, 0]);
  assert.deepEqual(summary.refusals, [
    { server: 'A2', revision: NEW, reason: 'not that' },
    { server: 'A10', revision: NEW, reason: 'no' },
  ]);
});
