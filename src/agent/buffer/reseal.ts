import type { ConfigSpan } from '../../contract/batch.ts';
import type { Sequence } from '../../contract/ids.ts';
import type { ArchivedRecord, Level } from '../../contract/record.ts';
import type { SequenceRange } from '../../contract/sequence-ranges.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { inflateMember } from './chunk.ts';
import type { Evictable } from './evictable.ts';
import { type BatchObject, OpenBatch } from './open-batch.ts';
import type { StoredBatch } from './store.ts';
import type { EncodedRecord } from './types.ts';

/** Batches without some of their records. */
export interface Resealed {
  /** Sequences that are not in them any more. */
  readonly given: readonly SequenceRange[];
  /** `undefined`: no record is left. */
  readonly object: BatchObject | undefined;
  readonly evictable: Evictable | undefined;
}

const LINE_FEED = 0x0a;
/** Good and still quick: room is short, and records wait for it. */
const GZIP_LEVEL = 6;

/**
 * Seals neighbouring batches of a window again, as one, without their evictable records of one level. A member at a time is in memory as
 * text. Their place in the chain of manifests stays: what comes of them names the same manifest before it, and their successor goes on
 * naming the one that the last of them had at first. `undefined`: one left the buffer meanwhile.
 */
export async function resealWithout(
  level: Level,
  batches: readonly StoredBatch[],
  readMember: (batch: StoredBatch, offset: number, bytes: number) => Buffer | undefined,
): Promise<Resealed | undefined> {
  const [batch, { manifest: lastManifest }] = [batches[0]!, batches.at(-1)!];
  const { manifest } = batch;
  const isEvictable = memberOf(batches.flatMap(({ evictable }) => evictable?.ranges ?? []));
  const given: [Sequence, Sequence][] = [];
  let open: OpenBatch | undefined;
  const members = batches.flatMap((one) => one.manifest.members.map((member) => ({ one, ...member })));
  for (const { one, offset, bytes } of members) {
    const member = readMember(one, offset, bytes);
    if (member === undefined) return undefined;
    const text = await inflateMember(member);
    for (const run of runsOf(
      text,
      (record) => !(record.level === level && isEvictable(record.sequence)),
      isEvictable,
    )) {
      if (!run.kept) {
        const last = given.at(-1);
        if (last !== undefined && last[1] + 1 === run.first) last[1] = run.last;
        else given.push([run.first, run.last]);
        continue;
      }
      open ??= new OpenBatch(batch.windowAt, run.first, batch.oldestAt, { level: GZIP_LEVEL });
      open.add(run, batch.oldestAt);
    }
  }
  if (open === undefined) return { given, object: undefined, evictable: undefined };
  open.dropped = batches.reduce((sum, one) => sum + one.manifest.dropped, 0);
  const origin = {
    server: manifest.server,
    epoch: manifest.epoch,
    previousEpoch: manifest.previous_epoch,
    windowMs: manifest.window_ms,
    configs: mergeSpans(
      batches.flatMap((one) => one.manifest.configs ?? []),
      open.first,
    ),
    resealedFrom: lastManifest.resealed_from ?? sha256Hex(JSON.stringify(lastManifest)),
  };
  const object = await open.finish(origin, manifest.previous_manifest_sha256);
  return { given, object, evictable: open.evictable };
}

/** Of neighbouring batches; a revision that goes on over their border is one span. */
function mergeSpans(spans: readonly ConfigSpan[], first: Sequence): readonly ConfigSpan[] {
  const merged = spans.filter(({ revision }, index) => spans[index - 1]?.revision !== revision);
  return merged
    .filter((_, index) => (merged[index + 1]?.first ?? Number.POSITIVE_INFINITY) > first)
    .map((span) => ({ ...span, first: Math.max(span.first, first) }));
}

interface Line extends Pick<EncodedRecord, 'agentId' | 'level' | 'timestamp'> {
  readonly sequence: Sequence;
}

interface Run {
  readonly kept: boolean;
  readonly first: Sequence;
  readonly last: Sequence;
  readonly body: Buffer;
  readonly records: readonly Line[];
  readonly evictable: boolean;
}

/** Lines that share their fate, and whether they may be given up later; of gaps between those that are kept nothing is made. */
function* runsOf(
  text: Buffer,
  keep: (record: Line) => boolean,
  isEvictable: (sequence: Sequence) => boolean,
): Generator<Run> {
  let [records, start] = [[] as Line[], 0];
  let [kept, evictable] = [true, false];
  const run = (end: number): Run => {
    const [first, last] = [records[0]!.sequence, records.at(-1)!.sequence];
    return { kept, first, last, body: text.subarray(start, end), records, evictable };
  };
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf(LINE_FEED, at);
    const { id, agent_id: agentId, level, timestamp } = JSON.parse(text.toString('utf8', at, end)) as ArchivedRecord;
    const record: Line = { sequence: Number(id.slice(id.lastIndexOf('-') + 1)), agentId, level, timestamp };
    const [isKept, mayGo] = [keep(record), isEvictable(record.sequence)];
    const follows = kept || records.at(-1)?.sequence === record.sequence - 1;
    if (records.length > 0 && (isKept !== kept || mayGo !== evictable || !follows)) {
      yield run(at);
      [records, start] = [[], at];
    }
    [kept, evictable] = [isKept, mayGo];
    records.push(record);
    at = end + 1;
  }
  if (records.length > 0) yield run(text.length);
}

/** Whether a sequence lies in the ranges; asked in ascending order. */
function memberOf(ranges: readonly SequenceRange[]): (sequence: Sequence) => boolean {
  let at = 0;
  return (sequence) => {
    while (at < ranges.length && ranges[at]![1] < sequence) at++;
    return at < ranges.length && ranges[at]![0] <= sequence;
  };
}
