import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLevel } from '../../agent/sources/level.ts';
import type { Level } from '../../contract/record.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { parseCsv } from './csv.ts';
import type { TrueLine } from './scores.ts';

/** What may be known of a line when it is judged: nothing of the answers. */
export interface GivenLine {
  readonly message: string;
  readonly level: Level | undefined;
}

/** The lines of one system; `truth` only where the set says it. */
export interface TriageSet {
  readonly system: string;
  readonly given: readonly GivenLine[];
  readonly truth: readonly TrueLine[] | undefined;
}

type Rows = readonly Readonly<Record<string, string>>[];

/** How logcat writes levels. */
const LETTER_LEVELS: Readonly<Record<string, Level>> = {
  V: 'DEBUG',
  D: 'DEBUG',
  I: 'INFO',
  W: 'WARN',
  E: 'ERROR',
  F: 'CRITICAL',
};

/** The systems of a folder: `SYSTEM/SYSTEM_2k.log`, `SYSTEM/SYSTEM_2k.structured.csv`, of which one is enough. */
export function findSystems(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw new NervesysError('NSV_SETTING_INVALID', `read ${folder}: ${errorCode(error)}`, {
      hint: 'name a folder of sets: SYSTEM/SYSTEM_2k.log, SYSTEM/SYSTEM_2k.structured.csv',
      cause: error,
    });
  }
  return names.filter((name) => existsSync(logPath(folder, name)) || existsSync(csvPath(folder, name)));
}

/** Reads one system. `raw`: the lines as they were written, headers and all; else their messages and levels. */
export function readTriageSet(folder: string, system: string, raw: boolean): TriageSet {
  const csv = csvPath(folder, system);
  const rows = existsSync(csv) ? parseCsv(readText(csv)) : undefined;
  const given = raw ? givenLines(logPath(folder, system), rows) : givenRows(csv, rows);
  return { system, given, truth: rows?.[0]?.['EventId'] === undefined ? undefined : rows.map(trueLine) };
}

function givenLines(path: string, rows: Rows | undefined): GivenLine[] {
  const lines = readText(path).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (rows !== undefined && lines.length < rows.length) {
    throw new NervesysError('NSV_TRIAGE_SET_UNUSABLE', `${path} has ${lines.length} lines, its CSV ${rows.length}`);
  }
  return lines
    .slice(0, rows?.length)
    .map((line) => ({ message: line.endsWith('\r') ? line.slice(0, -1) : line, level: undefined }));
}

function givenRows(path: string, rows: Rows | undefined): GivenLine[] {
  if (rows?.[0]?.['Content'] === undefined) {
    throw new NervesysError('NSV_TRIAGE_SET_UNUSABLE', `${path} has no column Content`, {
      hint: 'with --raw the lines of the .log are read instead',
    });
  }
  return rows.map((row) => ({ message: row['Content'] as string, level: levelOf(row['Level']) }));
}

function levelOf(text: string | undefined): Level | undefined {
  return text === undefined ? undefined : (LETTER_LEVELS[text] ?? parseLevel(text));
}

function trueLine(row: Readonly<Record<string, string>>): TrueLine {
  const alert = row['Alert'];
  return {
    group: row['EventId'] as string,
    template: row['EventTemplate'] ?? '',
    isAlert: alert === '1' ? true : alert === '0' ? false : undefined,
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new NervesysError('NSV_TRIAGE_SET_UNUSABLE', `read ${path}: ${errorCode(error)}`, { cause: error });
  }
}

function logPath(folder: string, system: string): string {
  return join(folder, system, `${system}_2k.log`);
}

function csvPath(folder: string, system: string): string {
  return join(folder, system, `${system}_2k.structured.csv`);
}
