/** When backups are made: at `minutes` after midnight, local time of `timeZone`. */
export interface NightlyTime {
  readonly minutes: number;
  readonly timeZone: string;
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The local day, `YYYY-MM-DD`, and how many minutes of it are over. */
export function localTime(at: number, timeZone: string): { readonly day: string; readonly minutes: number } {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    day: `${part['year']}-${part['month']}-${part['day']}`,
    minutes: Number(part['hour']) * 60 + Number(part['minute']),
  };
}

/**
 * The night, by its local day, whose time has come last. A backup stands for the night it was begun in, so one is due as long as none stands
 * for this one: whatever was missed is caught up, and a clock that is set, or a summer time that begins, makes none twice.
 */
export function nightOf(at: number, { minutes, timeZone }: NightlyTime): string {
  const local = localTime(at, timeZone);
  if (local.minutes >= minutes) return local.day;
  return new Date(Date.parse(`${local.day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
}
