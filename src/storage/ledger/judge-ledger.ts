import type { Epoch, Sequence } from '../../contract/ids.ts';
import {
  countSequences,
  formatRanges,
  intersectRanges,
  mergeRanges,
  type SequenceRange,
  subtractRanges,
} from '../../contract/sequence-ranges.ts';
import type { LedgerEntry, LedgerFinding, LossReceipt } from './finding.ts';

/** What one epoch of a server amounts to in the archive. */
export interface EpochLedger {
  readonly epoch: Epoch;
  readonly previousEpoch: Epoch | null;
  readonly objects: number;
  readonly records: number;
  readonly first: Sequence;
  readonly last: Sequence;
  /** Accounted for by loss receipts. */
  readonly lostRecords: number;
  /** What its loss receipts tell, also of objects that stand under another name. */
  readonly told: readonly SequenceRange[];
  readonly missingRecords: number;
}

export interface LedgerJudgement {
  /** In the order of their windows. */
  readonly epochs: readonly EpochLedger[];
  readonly findings: readonly LedgerFinding[];
}

/**
 * The books of one server: within an epoch every sequence is in exactly one object or in one loss receipt, and each manifest
 * names the one before. `sinceAt` (epoch ms): objects of earlier windows were not looked at, so an epoch may begin anywhere.
 * What came after the newest object can't be known from objects alone.
 */
export function judgeLedger(entries: readonly LedgerEntry[], sinceAt?: number): LedgerJudgement {
  const findings: LedgerFinding[] = [];
  const receipts = uniqueReceipts(entries);
  const byEpoch = Map.groupBy(
    [...entries].sort((a, b) => a.first - b.first || a.last - b.last || (a.key < b.key ? -1 : 1)),
    (entry) => entry.epoch,
  );
  const epochs = [...byEpoch].map(([epoch, ofEpoch]) => {
    const told = receipts.filter((receipt) => receipt.epoch === epoch);
    findings.push(...findDoubled(ofEpoch), ...findBreaks(ofEpoch, told), ...findContradictions(ofEpoch, told));
    const { ledger, missing } = sumUp(ofEpoch, told, sinceAt !== undefined);
    if (missing.length > 0) findings.push(missingFinding(ofEpoch, missing, ledger.first));
    return { ledger, windowAt: Math.min(...ofEpoch.map((entry) => entry.windowAt)) };
  });
  if (sinceAt === undefined) findings.push(...findMissingEpochs(entries, byEpoch, receipts));
  return { epochs: epochs.sort((a, b) => a.windowAt - b.windowAt).map(({ ledger }) => ledger), findings };
}

/** A receipt in a doubled object is still one receipt. */
function uniqueReceipts(entries: readonly LedgerEntry[]): LossReceipt[] {
  return [...new Map(entries.flatMap((entry) => entry.receipts).map((receipt) => [receipt.id, receipt])).values()];
}

function sumUp(entries: readonly LedgerEntry[], receipts: readonly LossReceipt[], mayBeginAnywhere: boolean) {
  const present = mergeRanges(entries.flatMap((entry) => entry.ranges));
  const lost = mergeRanges(receipts.flatMap((receipt) => receipt.ranges));
  const last = Math.max(present.at(-1)![1], lost.at(-1)?.[1] ?? 0);
  const first = mayBeginAnywhere ? present[0]![0] : 1;
  const missing = subtractRanges([[first, last]], mergeRanges([...present, ...lost]));
  const ledger: EpochLedger = {
    epoch: entries[0]!.epoch,
    previousEpoch: entries[0]!.previousEpoch,
    objects: entries.length,
    records: countSequences(present),
    first: present[0]![0],
    last: present.at(-1)![1],
    lostRecords: countSequences(subtractRanges(lost, present)),
    told: lost,
    missingRecords: countSequences(missing),
  };
  return { ledger, missing };
}

function missingFinding(
  entries: readonly LedgerEntry[],
  missing: readonly SequenceRange[],
  firstFound: Sequence,
): LedgerFinding {
  const [from, to] = [missing[0]![0], missing[0]![1]];
  const before = entries.findLast((entry) => entry.last < from)?.key;
  const after = entries.find((entry) => entry.first > to)?.key;
  const where =
    before === undefined
      ? after === undefined
        ? ''
        : ` before ${after}`
      : after === undefined
        ? ` after ${before}`
        : ` between ${before} and ${after}`;
  const records = countSequences(missing);
  const expired = missing.length === 1 && to < firstFound ? ', unless they were removed for their age' : '';
  return {
    kind: 'missing',
    epoch: entries[0]!.epoch,
    keys: [before, after].filter((key) => key !== undefined),
    ranges: missing,
    message: `${formatRanges(missing)} (${records} record${records === 1 ? '' : 's'}) in no object and in no loss receipt${where}${expired}`,
  };
}

/** Sequences that stand in more than one object, one finding for each pair of neighbours. */
function findDoubled(entries: readonly LedgerEntry[]): LedgerFinding[] {
  const segments = entries
    .flatMap(({ key, ranges }) => ranges.map(([from, to]) => ({ from, to, key })))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const pairs = new Map<string, { keys: readonly [string, string]; ranges: SequenceRange[] }>();
  let widest: { from: number; to: number; key: string } | undefined;
  for (const segment of segments) {
    if (widest !== undefined && segment.from <= widest.to && segment.key !== widest.key) {
      const keys = [widest.key, segment.key] as const;
      const pair = pairs.get(keys.join('\n')) ?? { keys, ranges: [] };
      pair.ranges.push([segment.from, Math.min(segment.to, widest.to)]);
      pairs.set(keys.join('\n'), pair);
    }
    if (widest === undefined || segment.to > widest.to) widest = segment;
  }
  return [...pairs.values()].map(({ keys, ranges }) => ({
    kind: 'doubled',
    epoch: entries[0]!.epoch,
    keys,
    ranges: mergeRanges(ranges),
    message: `${formatRanges(mergeRanges(ranges))} in both ${keys[0]} and ${keys[1]}`,
  }));
}

/** Manifests that aren't the ones their successors name. Where batches are lost or missing between two, nothing can be told. */
function findBreaks(entries: readonly LedgerEntry[], receipts: readonly LossReceipt[]): LedgerFinding[] {
  const findings: LedgerFinding[] = [];
  const lost = mergeRanges(receipts.flatMap((receipt) => receipt.ranges));
  const byLast = Map.groupBy(entries, (entry) => entry.last);
  for (const entry of entries) {
    const { key, epoch, first, previousManifestSha256: named } = entry;
    // What was salvaged from a damaged buffer names nothing; a loss receipt, perhaps of no records, tells of it. The first batch of
    // an epoch may have lost its beginning when it was sealed again.
    if (named === null && (receipts.length > 0 || entry.resealedFrom !== undefined)) continue;
    if (first === 1 || named === null) {
      if ((first === 1) !== (named === null))
        findings.push({
          kind: 'chain',
          epoch,
          keys: [key],
          message: `${key} ${named === null ? 'names no' : 'is the first and names a'} manifest before it`,
        });
      continue;
    }
    const before = byLast.get(first - 1) ?? [];
    // A batch of which records were given up was sealed again, after its successor may have named it.
    if (before.length === 0 || before.some((one) => one.manifestSha256 === named || one.resealedFrom === named))
      continue;
    if (lost.some(([from, to]) => from <= first - 1 && to >= first - 1)) continue;
    findings.push({
      kind: 'chain',
      epoch,
      keys: [before[0]!.key, key],
      message: `${before[0]!.key} is not the object that ${key} was written after: its manifest differs`,
    });
  }
  return findings;
}

function findContradictions(entries: readonly LedgerEntry[], receipts: readonly LossReceipt[]): LedgerFinding[] {
  const present = mergeRanges(entries.flatMap((entry) => entry.ranges));
  const findings: LedgerFinding[] = [];
  let seen: SequenceRange[] = [];
  for (const { id, key, epoch, ranges, lostRecords } of receipts) {
    const told = mergeRanges(ranges);
    const finding = (message: string, where: readonly SequenceRange[]): LedgerFinding => {
      return { kind: 'receipt', epoch, keys: [key], ranges: where, message: `the loss receipt ${id} ${message}` };
    };
    const archived = intersectRanges(told, present);
    if (archived.length > 0)
      findings.push(finding(`gives up ${formatRanges(archived)}, which the archive holds`, archived));
    const twice = intersectRanges(told, seen);
    if (twice.length > 0) findings.push(finding(`gives up ${formatRanges(twice)}, as another one does`, twice));
    const count = countSequences(told);
    if (lostRecords !== 0 && lostRecords !== count)
      findings.push(finding(`counts ${lostRecords} records in ranges of ${count}`, told));
    seen = mergeRanges([...seen, ...told]);
  }
  return findings;
}

/** Epochs that others name as the one before, or tell losses of, and of which no object is there. */
function findMissingEpochs(
  entries: readonly LedgerEntry[],
  known: ReadonlyMap<Epoch, unknown>,
  receipts: readonly LossReceipt[],
): LedgerFinding[] {
  const told = new Set(receipts.map((receipt) => receipt.epoch));
  const missing = new Map<Epoch, LedgerEntry>();
  for (const entry of entries) {
    const { previousEpoch: previous } = entry;
    if (previous !== null && !known.has(previous) && !told.has(previous) && !missing.has(previous))
      missing.set(previous, entry);
  }
  return [...missing].map(([epoch, { key }]) => ({
    kind: 'missing',
    epoch,
    keys: [key],
    message: `no object of the epoch that ${key} names as the one before, unless they were removed for their age`,
  }));
}
