import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppendOptions, EncodedRecord, RecordSink } from '../../../src/agent/buffer/types.ts';
import { appendInPieces } from '../../../src/agent/sources/append-in-pieces.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { SERVER } from '../../support/local-api.ts';

const position = { file: 'f', path: 'p', offset: 1, fingerprint: '', fingerprintBytes: 0 };

test('the position goes with the last piece, and after a refusal the rest alone is stored', async () => {
  const records = Array.from({ length: 10 }, (_, n) => encodeObject({ message: `${n}` }, { server: SERVER, now: 0 }));
  const stored: { readonly count: number; readonly positions: number }[] = [];
  let full = false;
  const sink = {
    async append(piece: readonly EncodedRecord[], { positions = [] }: AppendOptions = {}) {
      if (piece.length > 3) throw new NervesysError('NSV_RECORDS_TOO_LARGE', 'too large');
      if (full) throw new NervesysError('NSV_BUFFER_FULL', 'full');
      stored.push({ count: piece.length, positions: positions.length });
      full = stored.length === 2;
      return {};
    },
  } as RecordSink;

  await assert.rejects(appendInPieces(sink, records, { positions: [position] }), { code: 'NSV_BUFFER_FULL' });
  full = false;
  await appendInPieces(sink, records, { positions: [position] });

  assert.equal(
    stored.reduce((sum, { count }) => sum + count, 0),
    10,
  );
  assert.deepEqual(
    stored.map(({ positions }) => positions),
    [...Array(stored.length - 1).fill(0), 1],
  );
});
