import { parseServerName, type ServerName } from '../../contract/ids.ts';
import { parseObjectKey, WINDOW_MS } from '../../contract/object-key.ts';
import type { Archive, ArchiveObject } from '../archive.ts';
import { type ExaminedObject, examineObject } from './examine-object.ts';
import type { LedgerEntry, LedgerFinding } from './finding.ts';
import { type EpochLedger, judgeLedger } from './judge-ledger.ts';
import { RenamedServers } from './renamed-servers.ts';

/** Objects that are read at once: enough to hide a store's latency, each with a few MB in memory. */
const READS_AT_ONCE = 4;
/** More findings of one server are counted, not kept: an archive in such a state is read by other means. */
const FINDINGS_MAX = 1_000;

export interface VerifyOptions {
  readonly archive: Archive;
  /** One server; absent: all, one after the other. */
  readonly server?: ServerName;
  /** Windows that ended before this (epoch ms) are not looked at. */
  readonly sinceAt?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly server: string;
  readonly objects: number;
  readonly objectsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface ServerLedger {
  /** '' for objects that stand under no server's name. */
  readonly server: string;
  readonly objects: number;
  readonly bytes: number;
  readonly epochs: readonly EpochLedger[];
  readonly findings: readonly LedgerFinding[];
  /** Findings beyond those listed. */
  readonly findingsMore: number;
}

/**
 * Proves, from the archive alone, that each server's books are right, and yields them server by server, those that lack something
 * last: another name may have it. In memory are the names and figures of one server's objects (some 500 bytes each), and a few MB of those
 * being read.
 * Rejects with the archive's error when it can't be listed or read; whatever is wrong in it is a finding.
 */
export async function* verifyArchive(options: VerifyOptions): AsyncGenerator<ServerLedger> {
  const { archive, server, signal } = options;
  const servers = new Set<ServerName>(server === undefined ? [] : [server]);
  if (server === undefined) {
    const strays: LedgerFinding[] = [];
    let [count, bytes] = [0, 0];
    for await (const object of archive.list('logs/', signal)) {
      const name = parseServerName(/^logs\/([^/]+)\/./.exec(object.key)?.[1] ?? '');
      if (name !== undefined) servers.add(name);
      else {
        strays.push({ kind: 'foreign', keys: [object.key], message: 'it stands under no server’s name' });
        count++;
        bytes += object.bytes;
      }
      if (strays.length > FINDINGS_MAX) strays.pop();
    }
    if (count > 0)
      yield { server: '', objects: count, bytes, epochs: [], findings: strays, findingsMore: count - strays.length };
  }
  const renamed = new RenamedServers();
  const lacking: ServerLedger[] = [];
  for (const name of [...servers].sort()) {
    const ledger = await verifyServer(name, options);
    if (renamed.note(ledger) && servers.size > 1) lacking.push(ledger);
    else yield ledger;
  }
  for (const ledger of lacking) yield renamed.settle(ledger);
}

async function verifyServer(server: ServerName, options: VerifyOptions): Promise<ServerLedger> {
  const objects: ArchiveObject[] = [];
  for await (const object of options.archive.list(`logs/${server}/`, options.signal)) {
    const windowAt = parseObjectKey(object.key)?.windowAt;
    if (options.sinceAt === undefined || windowAt === undefined || windowAt > options.sinceAt - WINDOW_MS)
      objects.push(object);
  }
  objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  const bytesTotal = objects.reduce((sum, object) => sum + object.bytes, 0);
  const entries: LedgerEntry[] = [];
  const findings: LedgerFinding[] = [];
  let [done, bytes, found] = [0, 0, 0];
  const note = (more: readonly LedgerFinding[]) => {
    found += more.length;
    findings.push(...more.slice(0, FINDINGS_MAX - findings.length));
  };
  await examineAll(options.archive, objects, options.signal, ({ findings: more, entry }, object) => {
    if (entry !== undefined) entries.push(entry);
    note(more);
    done++;
    bytes += object.bytes;
    options.onProgress?.({ server, objects: done, objectsTotal: objects.length, bytes, bytesTotal });
  });
  entries.sort((a, b) => (a.key < b.key ? -1 : 1)); // read several at once, they come in any order
  const judgement = judgeLedger(entries, options.sinceAt);
  note(judgement.findings);
  return {
    server,
    objects: objects.length,
    bytes: bytesTotal,
    epochs: judgement.epochs,
    findings: findings.sort((a, b) => ((a.keys[0] ?? '') < (b.keys[0] ?? '') ? -1 : 1)),
    findingsMore: found - findings.length,
  };
}

/** Examines the objects a few at a time; when one fails, the others are given up and its error is thrown. */
async function examineAll(
  archive: Archive,
  objects: readonly ArchiveObject[],
  signal: AbortSignal | undefined,
  take: (examined: ExaminedObject, object: ArchiveObject) => void,
): Promise<void> {
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let next = 0;
  const work = async () => {
    for (let object = objects[next++]; object !== undefined; object = objects[next++]) {
      either.throwIfAborted();
      take(await examineObject(archive, object, either), object);
    }
  };
  const workers = Array.from({ length: Math.min(READS_AT_ONCE, objects.length) }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const failure = (await Promise.allSettled(workers)).find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failed.signal.aborted ? failed.signal.reason : failure.reason;
}
