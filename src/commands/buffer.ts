import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LOSSES_META, Losses } from '../agent/buffer/losses.ts';
import { loadConfig } from '../config/index.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { formatDuration, formatSize } from '../platform/quantity.ts';
import { askAgent, locateAgent } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { escapeControls, formatTable, note, print, printJson } from './output.ts';
import { resolveHome } from './settings.ts';

export interface BufferOptions {
  readonly home?: string;
  readonly agentPort?: number;
  readonly json?: boolean;
}

/** The answer of the agent's `GET /buffer`; from the file alone, what only a running agent knows is absent. */
export interface BufferView {
  readonly bytes: number;
  readonly limit_bytes: number;
  readonly records: number;
  readonly open_records: number;
  readonly batches: readonly {
    readonly id: number;
    readonly records: number;
    readonly bytes: number;
    readonly key: string | null;
    readonly sealed_at: string | null;
  }[];
  readonly oldest_at: string | null;
  readonly last_archived_at?: string | null;
  readonly lost_records?: number;
  readonly held?: boolean;
  readonly reasons?: readonly string[];
}

/** `nervesys buffer`: from the running agent, or from its file where it doesn't run. */
export async function run(options: BufferOptions): Promise<number> {
  let view: BufferView;
  try {
    view = (await askAgent(locateAgent(options), 'GET', '/buffer')) as BufferView;
  } catch (error) {
    const ofFile = options.agentPort === undefined ? await readBufferFile(resolveHome(options.home)) : undefined;
    if (ofFile === undefined || !(error instanceof NervesysError) || error.code !== 'NSV_NOT_RUNNING') throw error;
    note('The agent is not running; this is what its file holds.');
    view = ofFile;
  }
  if (options.json) printJson(view);
  else print(formatBuffer(view, systemClock.now()));
  return EXIT.done;
}

function formatBuffer(view: BufferView, now: number): string {
  const ago = (iso: string | null) => (iso === null ? 'never' : `${formatDuration(now - Date.parse(iso))} ago`);
  const percent = ((view.bytes / view.limit_bytes) * 100).toFixed(view.bytes * 10 < view.limit_bytes ? 1 : 0);
  const sealed = view.batches.reduce((sum, batch) => sum + batch.records, 0);
  const lines = [
    `On disk         ${formatSize(view.bytes)} of ${formatSize(view.limit_bytes)} (${percent} %)`,
    `Records         ${view.records}: ${view.open_records} in the open window, ${sealed} in ${view.batches.length} sealed batches`,
    `Oldest record   ${view.oldest_at === null ? 'none: everything is archived' : ago(view.oldest_at)}`,
  ];
  if (view.last_archived_at !== undefined) lines.push(`Last archived   ${ago(view.last_archived_at)}`);
  if (view.lost_records !== undefined && view.lost_records > 0)
    lines.push(`Lost            ${view.lost_records} records`);
  if (view.held) lines.push('Held back       yes: the buffer is full, sources wait');
  for (const reason of view.reasons ?? []) lines.push(`Trouble         ${escapeControls(reason)}`);
  if (view.batches.length > 0) {
    const table = formatTable(view.batches, [
      { title: 'BATCH', align: 'right', text: (batch) => String(batch.id) },
      { title: 'RECORDS', align: 'right', text: (batch) => String(batch.records) },
      { title: 'SIZE', align: 'right', text: (batch) => formatSize(batch.bytes) },
      { title: 'SEALED', text: (batch) => ago(batch.sealed_at) },
      { title: 'KEY', text: (batch) => escapeControls(batch.key ?? 'none yet') },
    ]);
    lines.push('', table);
  }
  return lines.join('\n');
}

/** Reads the buffer file without changing it; `undefined` where there is none. */
async function readBufferFile(home: string): Promise<BufferView | undefined> {
  const { config } = await loadConfig(join(home, 'config'));
  const path = config.storage.buffer.path ?? join(home, 'agent/buffer.db');
  if (!existsSync(path)) return undefined;
  const db = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  try {
    const open = db
      .prepare('SELECT coalesce(sum(last_id - first_id + 1), 0) AS records, min(arrived_at) AS oldest FROM blocks')
      .get() as { records: number; oldest: number | null };
    const batches = db
      .prepare('SELECT id, records, bytes, key, oldest_at, sealed_at FROM batches ORDER BY id')
      .all() as {
      id: number;
      records: number;
      bytes: number;
      key: string | null;
      oldest_at: number;
      sealed_at: number;
    }[];
    const noted = db.prepare('SELECT value FROM meta WHERE name = ?').get(LOSSES_META) as { value: string } | undefined;
    const oldest = [open.oldest, ...batches.map((batch) => batch.oldest_at)].filter((at) => at !== null);
    return {
      bytes: bufferFileBytes(path),
      limit_bytes: config.storage.buffer.limitBytes,
      records: open.records + batches.reduce((sum, batch) => sum + batch.records, 0),
      open_records: open.records,
      batches: batches.map(({ id, records, bytes, key, sealed_at }) => {
        return { id, records, bytes, key, sealed_at: new Date(sealed_at).toISOString() };
      }),
      oldest_at: oldest.length === 0 ? null : new Date(Math.min(...oldest)).toISOString(),
      ...(noted === undefined ? {} : { lost_records: Losses.parse(noted.value).total }),
    };
  } finally {
    db.close();
  }
}

/** The file with its `-wal`, `-shm` and the disk reserve, as the limit counts it. */
function bufferFileBytes(path: string): number {
  return ['', '-wal', '-shm', '.reserve'].reduce(
    (sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
