import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  formatManifestMember,
  MANIFEST_JSON_BYTES_MAX,
  readManifest,
  readManifestMember,
} from '../../src/contract/batch-object.ts';

test('a manifest member is an empty gzip member to every reader, and gives its manifest back', () => {
  const json = JSON.stringify({ version: 1, server: 'שרת', records: 3 });
  const member = formatManifestMember(json);
  const object = Buffer.concat([member, gzipSync('line\n')]);

  assert.equal(gunzipSync(object).toString(), 'line\n');
  assert.deepEqual(readManifestMember(object), { json, bytes: member.length });
  assert.deepEqual(readManifest(object), JSON.parse(json));
});

test('the largest manifest fits, and one byte more is refused', () => {
  const json = 'x'.repeat(MANIFEST_JSON_BYTES_MAX);

  assert.equal(readManifestMember(formatManifestMember(json))!.json, json);
  assert.throws(() => formatManifestMember(`${json}x`), RangeError);
});

test('objects without a manifest, and every truncation of one with it, read as none', () => {
  const member = formatManifestMember('{"version":1}');

  assert.equal(readManifest(gzipSync('plain')), undefined);
  assert.equal(readManifest(Buffer.from('not gzip at all, but long enough')), undefined);
  for (let length = 0; length < member.length; length++)
    assert.equal(readManifest(member.subarray(0, length)), undefined);
  assert.equal(readManifest(formatManifestMember('{"version":2}')), undefined);
  assert.equal(readManifest(formatManifestMember('{broken')), undefined);
});

test('another subfield before ours is passed over', () => {
  const member = formatManifestMember('{"version":1}');
  const other = Buffer.from([0x41, 0x42, 3, 0, 1, 2, 3]);
  const mixed = Buffer.concat([member.subarray(0, 12), other, member.subarray(12)]);
  mixed.writeUInt16LE(member.readUInt16LE(10) + other.length, 10);

  assert.deepEqual(readManifest(mixed), { version: 1 });
});
