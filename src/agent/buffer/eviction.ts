import { LEVELS, type Level } from '../../contract/record.ts';
import type { Waiting } from './append-queue.ts';
import { type Resealed, resealWithout } from './reseal.ts';
import type { SealedBatches } from './sealed-batches.ts';
import type { StoredBatch } from './store.ts';

/** What making room needs of the buffer. */
export interface EvictionHost {
  readonly batches: SealedBatches;
  /** Whether these could be stored now. @throws NervesysError `NSV_BUFFER_FULL` where giving records up can't change that. */
  fits(group: readonly Waiting[]): boolean;
  /** Seals the open batch and waits for it, where it holds records of that level that may be given up. False: there are none. */
  sealEvictable(level: Level): Promise<boolean>;
  /** Room for a batch sealed again, and for the note of what it lost. @throws NervesysError `NSV_BUFFER_FULL` */
  requireRoomFor(bytes: number): void;
  /** Puts what was sealed again in the place of batches, and notes what it lost. */
  giveUp(level: Level, batches: readonly StoredBatch[], resealed: Resealed): void;
  /** What batches that are joined may have as objects, and as text. */
  readonly joined: { readonly bytesMax: number; readonly textBytesMax: number };
  /** Whether more may be given up: what was is told, or can be. */
  mayGiveUp(): boolean;
}

/** Of an append that had no room at first: what is to be stored, and how many of its records are given up. */
export interface Relieved {
  readonly kept: readonly Waiting[];
  readonly given: ReadonlyMap<Level, number>;
}

/**
 * Makes room for records of sources that can't wait, in the order of what is worth least: all DEBUG records of such sources,
 * the oldest first, those that are just coming last; then INFO, WARN, ERROR, CRITICAL. Only batches that nobody else can know of are touched.
 * `undefined`: everything that comes would have to go; then nothing of it does, and its source keeps it.
 */
export async function makeRoom(group: readonly Waiting[], host: EvictionHost): Promise<Relieved | undefined> {
  let kept = group;
  const given = new Map<Level, number>();
  const fits = () => host.fits(kept);
  for (const level of LEVELS) {
    while (!fits()) if (!(await giveUpStored(level, host))) break;
    if (fits()) return { kept, given };
    const left = kept.map((waiting) => ({
      ...waiting,
      records: waiting.records.filter((record) => record.level !== level),
    }));
    const gone = kept.reduce((sum, { records }, i) => sum + records.length - left[i]!.records.length, 0);
    if (gone > 0) given.set(level, gone);
    kept = left;
    if (kept.every(({ records }) => records.length === 0)) return undefined;
  }
  return undefined;
}

/** Gives up the records of one level in the oldest batch that has such. False: there is none. */
async function giveUpStored(level: Level, host: EvictionHost): Promise<boolean> {
  if (!host.mayGiveUp()) return false;
  const batch = oldestWith(level, host.batches.all);
  if (batch === undefined) return host.sealEvictable(level);
  const joined = withNeighbours(batch, host);
  const resealed = await resealWithout(level, joined, (one, offset, bytes) => host.batches.member(one, offset, bytes));
  // Where one has left the buffer or was announced, what remains is looked at again.
  if (resealed === undefined || !joined.every((one) => host.batches.all.includes(one))) return true;
  host.requireRoomFor((resealed.object?.bytes.length ?? 0) + RANGE_BYTES * resealed.given.length);
  host.giveUp(level, joined, resealed);
  return true;
}

/** A range as text, about. */
const RANGE_BYTES = 20;

function oldestWith(level: Level, batches: readonly StoredBatch[]): StoredBatch | undefined {
  return batches.find((batch) => isOurs(batch) && batch.evictable!.levels[level] > 0);
}

/** Nobody else can know of it. Of a batch in which nothing may be given up it isn't noted whether somebody does. */
function isOurs({ announced, key, evictable }: StoredBatch): boolean {
  return evictable !== undefined && !announced && key === null;
}

/**
 * The batch and those beside it that are hardly larger, to be joined: a buffer that stays full seals what came since little has room again,
 * and would hold a thousand batches of a few records soon, which take more room than the records. Each is rewritten a few times in all.
 */
function withNeighbours(batch: StoredBatch, { batches: { all }, joined }: EvictionHost): readonly StoredBatch[] {
  let [from, to] = [all.indexOf(batch), all.indexOf(batch)];
  let [bytes, textBytes] = [batch.bytes, batch.manifest.text_bytes];
  const mayJoin = (one: StoredBatch | undefined) =>
    one !== undefined &&
    isOurs(one) &&
    one.windowAt === batch.windowAt &&
    one.manifest.window_ms === batch.manifest.window_ms &&
    one.manifest.server === batch.manifest.server &&
    one.bytes <= 2 * bytes &&
    one.bytes + bytes <= joined.bytesMax &&
    one.manifest.text_bytes + textBytes <= joined.textBytesMax;
  for (;;) {
    const one = mayJoin(all[from - 1]) ? all[--from] : mayJoin(all[to + 1]) ? all[++to] : undefined;
    if (one === undefined) return all.slice(from, to + 1);
    bytes += one.bytes;
    textBytes += one.manifest.text_bytes;
  }
}
