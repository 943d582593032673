import type { BackupsAnswer, BackupView } from '../contract/backup.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { formatDuration, formatSize } from '../platform/quantity.ts';
import { connectOrchestrator, type OrchestratorConnection } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, painter, print, printJson, second } from './output.ts';
import { ProgressLine } from './progress-line.ts';

/** How often it is looked whether a backup is done. */
const LOOK_MS = 500;

/** `nervesys archive backups`: the database's backups, newest first. */
export async function list(options: ReaderOptions): Promise<number> {
  const answer = await readBackups(connectOrchestrator(options));
  if (options.json) {
    printJson(answer);
    return EXIT.done;
  }
  const { backups, enabled, last_good_at: lastGoodAt, now } = answer;
  if (backups.length > 0) print(formatBackups(backups));
  if (lastGoodAt === null) note('There is no good backup yet: `nervesys archive backup` makes one now.');
  else note(`The newest good one is ${formatDuration(Date.parse(now) - Date.parse(lastGoodAt))} old.`);
  if (!enabled) note('None is made at night: orchestrator.yaml says backup: { enabled: false }.');
  return EXIT.done;
}

/** `nervesys archive backup`: makes one now and waits for it. Exit code 1 where it fails; begun, it goes on without this command. */
export async function make(options: ReaderOptions): Promise<number> {
  const connection = connectOrchestrator(options);
  const begun = (await connection.ask('POST', '/api/v1/backups', {})) as BackupView;
  const progress = new ProgressLine(process.stderr, systemClock);
  const startedAt = systemClock.monotonic();
  let made: BackupView | undefined;
  try {
    do {
      progress.show(`backing up, ${formatDuration(systemClock.monotonic() - startedAt)}`, 0);
      await systemClock.sleep(LOOK_MS);
      made = (await readBackups(connection)).backups.find(({ run }) => run === begun.run);
    } while (made?.state === 'running');
  } finally {
    progress.clear();
  }
  if (made?.state !== 'done') {
    throw new NervesysError(
      'NSV_BACKUP_FAILED',
      `back up the database: ${made?.error ?? 'the orchestrator has given it up'}`,
      { hint: 'see its log; the next night tries it again' },
    );
  }
  if (options.json) printJson(made);
  else {
    const proof =
      made.checked === 'restored'
        ? 'proven by restoring it'
        : 'read again and counted (no scratch database may be made here)';
    print(`${made.key}: ${made.rows} rows, ${formatSize(made.bytes)}, ${proof}.`);
  }
  return EXIT.done;
}

async function readBackups(connection: OrchestratorConnection): Promise<BackupsAnswer> {
  return (await connection.ask('GET', '/api/v1/backups')) as BackupsAnswer;
}

function formatBackups(backups: readonly BackupView[]): string {
  const paint = painter(process.stdout);
  const colour = { done: 'green', running: 'blue', failed: 'red' } as const;
  return formatTable(backups, [
    { title: 'DAY', text: (one) => one.day },
    { title: 'STATE', text: (one) => paint(colour[one.state], one.state) },
    { title: 'BEGUN', text: (one) => second(one.started_at) },
    { title: 'ROWS', align: 'right', text: (one) => (one.state === 'done' ? String(one.rows) : '') },
    { title: 'SIZE', align: 'right', text: (one) => (one.state === 'done' ? formatSize(one.bytes) : '') },
    { title: 'PROVEN', text: (one) => one.checked ?? '' },
    { title: 'KEY', text: (one) => escapeControls(one.key ?? one.error ?? '').slice(0, 200) },
  ]);
}
