import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKEN_CONFIGS } from '../fixtures/broken-configs.ts';
import { complaintsOf } from './folder.ts';

for (const { name, files, place, remedy } of BROKEN_CONFIGS)
  test(`${name} is refused, with its place and what to do`, async (t) => {
    const complaints = await complaintsOf(t, files);

    const [first = ''] = complaints;
    assert.equal(complaints.length, 1, complaints.join('\n') || 'no complaint');
    assert.ok(first.startsWith(place), first);
    assert.match(first, remedy);
  });
