const LINES_MAX = 10;
const LINE_LENGTH_MAX = 300;

/**
 * The last lines before an alert, as a person reads them: time, level, text. `lines_before` of its detail is what an agent wrote there:
 * records in archive form, newest last; whatever else stands there is left out.
 */
export function linesOf(detail: Readonly<Record<string, unknown>>): string[] {
  const before = detail['lines_before'];
  const own = typeof detail['message'] === 'string' ? [detail] : [];
  return [...(Array.isArray(before) ? before : []), ...own].flatMap(lineOf).slice(-LINES_MAX);
}

function lineOf(record: unknown): string[] {
  if (typeof record !== 'object' || record === null) return [];
  const { timestamp, level, message } = record as Readonly<Record<string, unknown>>;
  if (typeof message !== 'string') return [];
  const time = typeof timestamp === 'string' ? (/T(\d\d:\d\d:\d\d)/.exec(timestamp)?.[1] ?? '') : '';
  const text = `${time} ${typeof level === 'string' ? level : ''} ${message.replaceAll(/\s+/g, ' ')}`.trim();
  return [text.length > LINE_LENGTH_MAX ? `${text.slice(0, LINE_LENGTH_MAX - 1).toWellFormed()}…` : text];
}
