import type { RuleVerdict } from '../contract/rules.ts';
import type { TriageVerdict } from '../contract/triage.ts';
import type { Clock } from '../platform/clock.ts';
import type { EncodedRecord } from './buffer/types.ts';

/* What rules and triage do alike: judge many or long records a slice at a time, and note in a record what they found. */

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

/** Few enough to be judged at once. */
export function isLittle(records: readonly EncodedRecord[]): boolean {
  return sliceEnd(records, 0) === records.length;
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

/** A record of which people are to be told, with the reason in it; no later judge looks at it. */
export function withVerdict(record: EncodedRecord, verdict: RuleVerdict | TriageVerdict): EncodedRecord {
  const { agentId, level, action, timestamp, json } = record;
  const judged = `${json.slice(0, -1)},"triage":${JSON.stringify(verdict)}}`;
  return { agentId, level, action, timestamp, json: judged, isJudged: true };
}

/** A record on which the last word is said, and nobody is to be told of it. */
export function asJudged(record: EncodedRecord): EncodedRecord {
  // What writes its own bytes is no plain object; it belongs to whoever stores it, and forgets this with the next line that it is used for.
  return record.writeTo === undefined ? { ...record, isJudged: true } : Object.assign(record, { isJudged: true });
}
