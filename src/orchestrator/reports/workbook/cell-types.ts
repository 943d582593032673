import { cleanLine, hasRightToLeft } from '../../../platform/safe-text.ts';
import { DAY_MS, zoneOffsetMs } from '../../../platform/zone-offset.ts';

/** What a cell holds. Each has its own number format, and its own unit in the definitions. */
export const CELL_TYPES = [
  'text', // from outside: names, lines, titles
  'words', // our own
  'count',
  'share', // of 0–1
  'percent', // of 0–100
  'duration', // seconds
  'instant', // ISO, shown in the period's zone
  'utc', // ISO, shown in UTC
  'day', // 2025-12-10
  'bytes',
  'megabytes',
  'ratio',
  'money',
  'dollars',
] as const;
export type CellType = (typeof CELL_TYPES)[number];

export function isText(type: CellType): boolean {
  return type === 'text' || type === 'words';
}

export type CellValue = string | number | null;

/** Excel refuses a workbook with a longer text. */
export const CELL_TEXT_MAX = 32_767;
/** A line in a cell that nobody would read to its end; its beginning tells which one it is. */
export const LINE_TEXT_MAX = 2_000;
/** Days from Excel's origin (1900, as it counts it) to 1970. */
const DAYS_TO_1970 = 25_569;

/** What Excel is given for a value of a type; null is an empty cell. Numbers that aren't finite are unknown. */
export function cellOf(value: CellValue, type: CellType, timeZone: string): CellValue {
  if (value === null) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return null;
  switch (type) {
    case 'text':
      return safeText(String(value));
    case 'words':
      return ownText(String(value));
    case 'percent':
      return Number(value) / 100;
    case 'duration':
      return Number(value) / 86_400;
    case 'instant':
      return serialOf(String(value), timeZone);
    case 'utc':
      return serialOf(String(value), 'UTC');
    case 'day':
      return serialOf(`${value}T00:00:00Z`, 'UTC');
    case 'count':
    case 'share':
    case 'bytes':
    case 'megabytes':
    case 'ratio':
    case 'money':
    case 'dollars':
      return Number(value);
    default:
      return type satisfies never;
  }
}

/** The wall clock of a zone as Excel counts days, to the second; null where it is no instant. */
export function serialOf(instant: string, timeZone: string): number | null {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return null;
  return Math.round((at + zoneOffsetMs(at, timeZone)) / 1_000) / (DAY_MS / 1_000) + DAYS_TO_1970;
}

/**
 * Text from outside as one harmless line: nothing that XML can't hold, nothing that turns text around. It is never a formula, for it is
 * stored as a string in a cell of the format "text", in which Excel leaves it a string when somebody edits it too.
 */
export function safeText(text: string): string {
  return cleanLine(text, LINE_TEXT_MAX);
}

/** Our own sentences. Isolates keep names in order within right-to-left text; elsewhere old programs would show them as boxes. */
export function ownText(text: string): string {
  const bounded = text.slice(0, CELL_TEXT_MAX);
  return hasRightToLeft(bounded) ? bounded : bounded.replace(/[\u2066-\u2069]/g, '');
}
