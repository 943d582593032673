const FIELDS = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day of the week', least: 0, most: 7 },
] as const;

/**
 * Whether `text` is a cron expression of five fields (POSIX crontab, with steps): numbers, `*`, lists, ranges and steps. Names of months and
 * days are not taken, nor seconds: what is accepted here means the same to every cron. The orchestrator computes times by it with `croner`.
 */
export function isCron(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return fields.length === FIELDS.length && fields.every((field, index) => isField(field, FIELDS[index]!));
}

function isField(field: string, { least, most }: { readonly least: number; readonly most: number }): boolean {
  return field.split(',').every((part) => {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (match === null) return false;
    const [, from, to, step] = match;
    if (from === undefined && to !== undefined) return false;
    const first = from === undefined ? least : Number(from);
    const last = to === undefined ? (from === undefined ? most : first) : Number(to);
    if (step !== undefined && (Number(step) < 1 || (from !== undefined && to === undefined))) return false;
    return first >= least && last <= most && first <= last;
  });
}
