/* Timestamps as programs write them; all in UTC. */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface DateParts {
  readonly year: string;
  readonly month: string;
  /** `Mar`. */
  readonly monthName: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
  readonly millis: string;
}

export function dateParts(at: number): DateParts {
  const [year, month, day, hour, minute, second, millis] = new Date(at).toISOString().split(/[-T:.Z]/) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { year, month, monthName: MONTHS[Number(month) - 1]!, day, hour, minute, second, millis };
}

/** `Mar  4 07:08:09`. */
export function syslogDate(at: number): string {
  const { monthName, day, hour, minute, second } = dateParts(at);
  return `${monthName} ${String(Number(day)).padStart(2)} ${hour}:${minute}:${second}`;
}

/** `2026-03-04 07:08:09.123`; `mark` stands before the milliseconds. */
export function plainDate(at: number, mark = '.'): string {
  const { year, month, day, hour, minute, second, millis } = dateParts(at);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}${mark}${millis}`;
}
