import type { Clock } from '../platform/clock.ts';
import type { EncodedRecord } from './buffer/types.ts';

/* How records are judged that are many or long: a slice at a time, with the event loop given to others in between. */

/** So long judging records may hold the event loop, and a slice more. */
const HELD_MS_MAX = 10;
const SLICE_BYTES = 65_536;
const SLICE_RECORDS = 500;

/** Where the slice that begins at `from` ends: so much holds the event loop for a few ms under a hundred rules. */
export function sliceEnd(records: readonly EncodedRecord[], from: number): number {
  let bytes = 0;
  for (let at = from; at < records.length; at++) {
    bytes += records[at]!.byteLength ?? records[at]!.json.length;
    if (bytes >= SLICE_BYTES || at - from >= SLICE_RECORDS) return at + 1;
  }
  return records.length;
}

/** Called between slices: lets others have the event loop once it was held for long enough (heartbeats, health, other sources). */
export function breathing(clock: Clock): () => Promise<void> | undefined {
  let heldSince = clock.monotonic();
  return () => {
    if (clock.monotonic() - heldSince < HELD_MS_MAX) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        heldSince = clock.monotonic();
        resolve();
      });
    });
  };
}
