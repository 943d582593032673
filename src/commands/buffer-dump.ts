import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { loadConfig } from '../config/index.ts';
import { systemClock } from '../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { formatSize } from '../platform/quantity.ts';
import { randomHex } from '../platform/random.ts';
import { type WaitingRecord, waitingRecords } from './buffer/waiting-records.ts';
import { EXIT } from './exit-codes.ts';
import { note, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { resolveHome, resolveUserPath } from './settings.ts';

export interface BufferDumpOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** The table as the storage plan has it. The indexes are made at the end, which is several times faster. */
const TABLE = `
CREATE TABLE logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
  level TEXT,
  agent_id TEXT,
  action TEXT,
  message TEXT,
  context TEXT,
  uploaded INTEGER DEFAULT 0
)`;
const INDEXES = `
CREATE INDEX idx_uploaded ON logs (uploaded);
CREATE INDEX idx_timestamp ON logs (timestamp);
CREATE INDEX idx_agent_time ON logs (agent_id, timestamp);
`;
const INSERT =
  'INSERT INTO logs (id, timestamp, level, agent_id, action, message, context, uploaded) VALUES (?, ?, ?, ?, ?, ?, ?, 0)';
const ROWS_PER_TRANSACTION = 10_000;

/**
 * `nervesys buffer dump FILE.db`: everything that waits on this server, as the plan's table. The buffer is only read, in short
 * steps, so that an agent at work neither waits nor finds its WAL held open. FILE.db appears whole or not at all.
 */
export async function run(options: BufferDumpOptions, target: string): Promise<number> {
  const home = resolveHome(options.home);
  const { config } = await loadConfig(join(home, 'config'));
  const path = config.storage.buffer.path ?? join(home, 'agent/buffer.db');
  if (!existsSync(path)) {
    throw new NervesysError('NSV_NOT_RUNNING', `there is no buffer at ${path}`, {
      hint: 'name the home of this server’s agent with --home',
    });
  }
  const file = resolveUserPath(target);
  if (existsSync(file)) throw taken(file);
  const partial = join(dirname(file), `.${randomHex(8)}.partial`);
  try {
    const records = await writeDump(path, partial);
    publish(partial, file);
    if (options.json) printJson({ file, records });
    else note(`${records} record${records === 1 ? '' : 's'} that wait for the archive: ${file}`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof NervesysError) throw error;
    throw new NervesysError('NSV_SETTING_INVALID', `dump the buffer to ${file}: ${describeError(error)}`, {
      hint: 'choose a folder that can be written and has room for the text, about six times what the buffer takes',
      cause: error,
    });
  } finally {
    rmSync(partial, { force: true });
  }
}

async function writeDump(bufferPath: string, partial: string): Promise<number> {
  using buffer = closing(new DatabaseSync(bufferPath, { readOnly: true, timeout: 5_000 }));
  using dump = closing(new DatabaseSync(partial));
  // The file is nobody's before it is whole, so it needs no journal on the way; it is synced by the last commit.
  dump.db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${TABLE};`);
  const progress = new ProgressLine(process.stderr, systemClock);
  const insert = dump.db.prepare(INSERT);
  let [records, bytes] = [0, 0];
  try {
    dump.db.exec('BEGIN');
    for await (const { record, lineBytes, part } of waitingRecords(buffer.db)) {
      insert.run(...row(record));
      bytes += lineBytes;
      if (++records % ROWS_PER_TRANSACTION === 0) {
        dump.db.exec('COMMIT; BEGIN');
        progress.show(`${records} records, ${formatSize(bytes)}`, part);
      }
    }
    progress.show(`${records} records, indexes …`, 1);
    dump.db.exec(`COMMIT; PRAGMA synchronous = FULL; BEGIN; ${INDEXES} COMMIT;`);
  } finally {
    progress.clear();
  }
  return records;
}

function row({ sequence, record }: WaitingRecord): (string | number)[] {
  const { timestamp, level, agent_id, action, message, context } = record;
  return [sequence, timestamp, level, agent_id, action, message, JSON.stringify(context)];
}

/** Gives the finished file its name, unless one stands there by now. */
function publish(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw taken(file);
    if (existsSync(file)) throw taken(file);
    renameSync(partial, file); // a file system without hard links
  }
}

function taken(file: string): NervesysError {
  return new NervesysError('NSV_SETTING_INVALID', `${file} exists already, and is not overwritten`, {
    hint: 'name a file that does not exist yet',
  });
}

function closing(db: DatabaseSync): Disposable & { readonly db: DatabaseSync } {
  return { db, [Symbol.dispose]: () => db.close() };
}
