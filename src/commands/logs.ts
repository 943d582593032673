import { once } from 'node:events';
import { parseServerName } from '../contract/ids.ts';
import { type ArchivedRecord, isLevel, LEVELS, type Level } from '../contract/record.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { type InstantOption, type ReaderOptions, resolveInstant } from './options.ts';
import { type Colour, escapeControls, note, painter } from './output.ts';

export interface LogsOptions extends ReaderOptions {
  readonly since: InstantOption;
  readonly until?: InstantOption;
  readonly server?: string;
  readonly agent?: string;
  readonly level?: string;
  readonly grep?: string;
  readonly limit?: number;
}

/** The most that the API gives in one answer. Its own default is far less, and would end a long answer in silence. */
const RECORDS_MAX = 10_000_000;

/** `nervesys logs`: archived records, oldest first, as text for people or NDJSON for programs. */
export async function run(options: LogsOptions): Promise<number> {
  const query = logsQuery(options, systemClock.now());
  const lines = connectOrchestrator(options).lines(`/api/v1/logs?${query}`);
  const paint = painter(process.stdout);
  let records = 0;
  for await (const line of lines) {
    records++;
    const text = options.json ? escapeJsonLine(line) : formatRecord(JSON.parse(line) as ArchivedRecord, paint);
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  }
  if (records === 0) note('No archived record matches. What is not archived yet: `nervesys buffer`.');
  if (records === (options.limit ?? RECORDS_MAX)) note(`These are the first ${records}; there may be more.`);
  return EXIT.done;
}

/** The query of `GET /api/v1/logs`; what can be found wrong here is refused here. */
export function logsQuery(options: LogsOptions, now: number): URLSearchParams {
  const since = resolveInstant(options.since, now);
  const query = new URLSearchParams({ since: new Date(since).toISOString() });
  if (options.until !== undefined) {
    const until = resolveInstant(options.until, now);
    if (until <= since)
      throw wrongOption('--until is not after --since', 'give a later --until, or an earlier --since');
    query.set('until', new Date(until).toISOString());
  }
  if (options.server !== undefined) {
    if (parseServerName(options.server) === undefined)
      throw wrongOption(`--server ${JSON.stringify(options.server)} is no server's name`, 'see `nervesys fleet`');
    query.set('server', options.server);
  }
  if (options.agent !== undefined) query.set('agent_id', options.agent);
  if (options.level !== undefined) {
    const level = options.level.toUpperCase();
    if (!isLevel(level)) throw wrongOption(`--level is ${JSON.stringify(options.level)}`, `use ${LEVELS.join(', ')}`);
    query.set('level', level);
  }
  if (options.grep !== undefined) {
    try {
      new RegExp(options.grep, 'u');
    } catch (error) {
      throw wrongOption(`--grep: ${(error as Error).message}`, 'escape what is meant literally with a backslash');
    }
    query.set('grep', options.grep);
  }
  query.set('limit', String(options.limit ?? RECORDS_MAX));
  return query;
}

const LEVEL_COLOUR: Readonly<Record<Level, Colour>> = {
  DEBUG: 'dim',
  INFO: 'green',
  WARN: 'yellow',
  ERROR: 'red',
  CRITICAL: 'red',
};

/** `2026-11-22 16:02:11 ERROR GROK@AIGARDEN01 tool_call  message`, one line whatever the record holds. */
export function formatRecord(record: ArchivedRecord, paint: (colour: Colour, text: string) => string): string {
  const time = escapeControls(String(record.timestamp)).slice(0, 19).replace('T', ' ');
  const level = paint(LEVEL_COLOUR[record.level] ?? 'dim', escapeControls(String(record.level)).padEnd(5));
  const who = paint('bold', escapeControls(`${record.agent_id}@${record.server}`));
  const action = record.action === '' ? '' : `${escapeControls(String(record.action))}  `;
  return `${paint('dim', time)} ${level} ${who} ${action}${escapeControls(String(record.message))}`;
}

/** JSON leaves a few control characters unescaped that terminals obey; as `\u…` they mean the same to every reader. */
function escapeJsonLine(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function wrongOption(message: string, hint: string): NervesysError {
  return new NervesysError('NSV_SETTING_INVALID', message, { hint });
}
