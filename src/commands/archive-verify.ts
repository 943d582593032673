import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/index.ts';
import { parseServerName } from '../contract/ids.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { silentLogger } from '../platform/logger.ts';
import { formatSize } from '../platform/quantity.ts';
import { type EpochLedger, type LedgerFinding, type ServerLedger, verifyArchive } from '../storage/ledger/index.ts';
import { EXIT } from './exit-codes.ts';
import { type InstantOption, resolveInstant } from './options.ts';
import { escapeControls, note, painter, print, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { openConfiguredArchive } from './runtime.ts';
import { readSettingsAndSecrets } from './vault.ts';

export interface ArchiveVerifyOptions {
  readonly home?: string;
  readonly server?: string;
  readonly since?: InstantOption;
  readonly json?: boolean;
}

/** `nervesys archive verify`: proves the ledger from the archive alone; needs no orchestrator, only the right to list and read. */
export async function run(options: ArchiveVerifyOptions): Promise<number> {
  const server = options.server === undefined ? undefined : parseServerName(options.server);
  if (options.server !== undefined && server === undefined) {
    throw new NervesysError('NSV_SETTING_INVALID', `--server is ${JSON.stringify(options.server.slice(0, 120))}`, {
      hint: 'give a server’s name, as AIGARDEN01',
    });
  }
  await using parts = new AsyncDisposableStack();
  const { settings } = await readSettingsAndSecrets(parts, { home: options.home }, silentLogger);
  if (settings.storj === undefined && !existsSync(join(settings.home, 'archive'))) {
    throw new NervesysError('NSV_ARCHIVE_NOT_FOUND', `there is no archive in ${settings.home}`, {
      hint: 'name its home with --home, or set STORJ_* for an archive on S3',
    });
  }
  const loaded = await loadConfig(join(settings.home, 'config'));
  await using archive = await openConfiguredArchive(settings, loaded);
  const now = systemClock.now();
  const askedAt = options.since === undefined ? undefined : resolveInstant(options.since, now);
  // What is past its retention may be gone, and is no finding.
  const { logsMs } = loaded.config.storage.retention;
  const sinceAt = logsMs === undefined ? askedAt : Math.max(now - logsMs, askedAt ?? Number.NEGATIVE_INFINITY);
  const progress = new ProgressLine(process.stderr, systemClock);
  const ledgers: ServerLedger[] = [];
  try {
    const books = verifyArchive({
      archive,
      ...(server === undefined ? {} : { server }),
      ...(sinceAt === undefined ? {} : { sinceAt }),
      onProgress: ({ server: name, objects, objectsTotal, bytes, bytesTotal }) =>
        progress.show(
          `${name}: ${objects} of ${objectsTotal} objects, ${formatSize(bytes)} of ${formatSize(bytesTotal)}`,
          bytes / Math.max(1, bytesTotal),
        ),
    });
    for await (const ledger of books) {
      ledgers.push(ledger);
      progress.clear();
      if (!options.json) printLedger(ledger);
    }
  } finally {
    progress.clear();
  }
  const findings = ledgers.reduce((sum, ledger) => sum + ledger.findings.length + ledger.findingsMore, 0);
  if (options.json) printJson(asJson(archive.description, sinceAt, ledgers, findings));
  else printVerdict(archive.description, ledgers, findings);
  return findings === 0 ? EXIT.done : EXIT.problems;
}

function printLedger({ server, objects, bytes, epochs, findings, findingsMore }: ServerLedger): void {
  const paint = painter(process.stdout);
  print(`${paint('bold', server === '' ? '(no server)' : server)}: ${objects} objects, ${formatSize(bytes)}`);
  for (const epoch of epochs) print(`  epoch ${escapeControls(epoch.epoch)}: ${describeEpoch(epoch)}`);
  for (const finding of findings) print(`  ${paint('red', finding.kind.padEnd(8))} ${describeFinding(finding)}`);
  if (findingsMore > 0) print(`  … and ${findingsMore} more findings`);
}

function describeEpoch({ first, last, records, objects, lostRecords }: EpochLedger): string {
  const lost = lostRecords === 0 ? '' : `; ${lostRecords} lost, each accounted for by a loss receipt`;
  return `${records} records (${first}–${last}) in ${objects} objects${lost}`;
}

function describeFinding({ kind, epoch, keys, message }: LedgerFinding): string {
  const subject =
    kind === 'damaged' || kind === 'foreign' ? keys[0] : epoch === undefined ? undefined : `epoch ${epoch}`;
  return escapeControls(subject === undefined ? message : `${subject}: ${message}`);
}

function printVerdict(description: string, ledgers: readonly ServerLedger[], findings: number): void {
  const objects = ledgers.reduce((sum, ledger) => sum + ledger.objects, 0);
  if (findings > 0) note(`${findings === 1 ? 'One finding' : `${findings} findings`} in ${description}.`);
  else if (objects === 0) note(`There is nothing to verify in ${description}.`);
  else note(`Every record of ${objects} objects in ${description} is there once, and each object is what it says.`);
  if (objects > 0)
    note('What came after the newest object is proven only by the catalog (`nervesys archive ls`) and the agent.');
}

/** For programs: keys as in the manifests. */
function asJson(
  archive: string,
  sinceAt: number | undefined,
  ledgers: readonly ServerLedger[],
  findings: number,
): unknown {
  return {
    valid: findings === 0,
    archive,
    since: sinceAt === undefined ? null : new Date(sinceAt).toISOString(),
    newest_end_proven: false,
    servers: ledgers.map((ledger) => ({
      server: ledger.server,
      objects: ledger.objects,
      bytes: ledger.bytes,
      epochs: ledger.epochs.map((epoch) => ({
        epoch: epoch.epoch,
        previous_epoch: epoch.previousEpoch,
        objects: epoch.objects,
        records: epoch.records,
        first: epoch.first,
        last: epoch.last,
        lost_records: epoch.lostRecords,
        missing_records: epoch.missingRecords,
      })),
      findings: ledger.findings,
      findings_more: ledger.findingsMore,
    })),
  };
}
