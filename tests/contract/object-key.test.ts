import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerName } from '../../src/contract/ids.ts';
import { parseServerName } from '../../src/contract/ids.ts';
import { formatObjectKey, parseObjectKey, windowStart } from '../../src/contract/object-key.ts';

const server = 'AIGARDEN01' as ServerName;

test('a batch key names server, UTC day, window and number', () => {
  const windowAt = Date.parse('2025-12-10T19:40:00.000Z');

  assert.equal(formatObjectKey({ server, windowAt, n: 0 }), 'logs/AIGARDEN01/2025-12-10/19-40.json.gz');
  assert.equal(formatObjectKey({ server, windowAt, n: 12 }), 'logs/AIGARDEN01/2025-12-10/19-40.12.json.gz');
});

test('parsing a formatted key gives the same key', () => {
  for (const name of ['a', 'AIGARDEN01', 'host.example-1_x'])
    for (const at of ['1999-12-31T23:50:00.000Z', '2026-02-28T00:00:00.000Z'])
      for (const n of [0, 1, 99_999]) {
        const key = { server: name as ServerName, windowAt: Date.parse(at), n };
        assert.deepEqual(parseObjectKey(formatObjectKey(key)), key);
      }
});

test('names that are not batch keys are not parsed', () => {
  for (const key of [
    'logs/A/2025-12-10/19-40.json',
    'logs/A/2025-12-10/19-40.0.json.gz',
    'logs/A/2025-12-10/19-40.01.json.gz',
    'logs/../2025-12-10/19-40.json.gz',
    'logs/A/2025-02-30/19-40.json.gz',
    'logs/A/2025-12-10/24-00.json.gz',
    'logs/A/B/2025-12-10/19-40.json.gz',
    'backups/daily/2025-12-10.dump',
    '',
  ])
    assert.equal(parseObjectKey(key), undefined, key);
});

test('a server name cannot leave its folder', () => {
  for (const name of ['..', '.', 'a/b', 'a..b', '', '-a', 'a ', 'א', 'a'.repeat(101), "x'; DROP TABLE servers;--"])
    assert.equal(parseServerName(name), undefined, name);
});

test('windows begin at whole tens of minutes of UTC', () => {
  assert.equal(new Date(windowStart(Date.parse('2026-01-15T10:09:59.999Z'))).toISOString(), '2026-01-15T10:00:00.000Z');
  assert.equal(new Date(windowStart(Date.parse('2026-01-15T10:10:00.000Z'))).toISOString(), '2026-01-15T10:10:00.000Z');
});
