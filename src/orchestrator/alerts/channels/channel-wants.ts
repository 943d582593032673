import { type ChannelSettings, WEEKDAYS } from '../../../config/index.ts';
import { type AlertSeverity, severityRank } from '../../../contract/alert.ts';
import { matchesServerPattern as matches } from '../../../contract/server-pattern.ts';

/** Whether a channel is told of such an alert at all, by its `severity` and `only`; when is another question (`quietUntil`). */
export function wantsAlert(
  { severity, only }: Pick<ChannelSettings, 'severity' | 'only'>,
  alert: {
    readonly severity: AlertSeverity;
    readonly kind: string;
    readonly server: string;
    readonly agent_id: string | null;
  },
): boolean {
  const within = (patterns: readonly string[] | undefined, value: string | null) =>
    patterns === undefined || (value !== null && patterns.some((pattern) => matches(pattern, value)));
  return (
    severityRank(alert.severity) >= severityRank(severity) &&
    within(only.agents, alert.agent_id) &&
    within(only.servers, alert.server) &&
    within(only.kinds, alert.kind)
  );
}

/** Until when a channel is left alone with something of this severity; `undefined`: it may be told now. */
export function quietUntil(
  { quietHours, timeZone }: Pick<ChannelSettings, 'quietHours' | 'timeZone'>,
  severity: AlertSeverity,
  now: number,
): number | undefined {
  if (quietHours === undefined) return undefined;
  const { fromMinutes, toMinutes, days, except } = quietHours;
  if (except !== undefined && severityRank(severity) >= severityRank(except)) return undefined;
  const { minutes, day } = localTime(now, timeZone);
  const overnight = toMinutes <= fromMinutes;
  const sinceToday = minutes >= fromMinutes && (overnight || minutes < toMinutes);
  const sinceYesterday = overnight && minutes < toMinutes;
  const yesterday = WEEKDAYS[(day + WEEKDAYS.length - 1) % WEEKDAYS.length]!;
  if (sinceToday && days.includes(WEEKDAYS[day]!))
    return nextAt(toMinutes, (toMinutes - minutes + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES, now, timeZone);
  if (sinceYesterday && days.includes(yesterday)) return nextAt(toMinutes, toMinutes - minutes, now, timeZone);
  return undefined;
}

const DAY_MINUTES = 24 * 60;
const MINUTE_MS = 60_000;

/** The instant at which the local clock shows `target`, some `ahead` minutes on: a change to or from summer time in between moves it. */
function nextAt(target: number, ahead: number, now: number, timeZone: string): number {
  const guess = Math.floor(now / MINUTE_MS) * MINUTE_MS + ahead * MINUTE_MS;
  const off = localTime(guess, timeZone).minutes - target;
  const shift = off > DAY_MINUTES / 2 ? off - DAY_MINUTES : off < -DAY_MINUTES / 2 ? off + DAY_MINUTES : off;
  return Math.max(guess - shift * MINUTE_MS, now + 1);
}

/** Minutes after midnight, and the day of the week (0 is Monday), where the clock shows it. */
function localTime(at: number, timeZone: string): { readonly minutes: number; readonly day: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return {
    minutes: Number(of('hour')) * 60 + Number(of('minute')),
    day: (WEEKDAYS as readonly string[]).indexOf(of('weekday').toLowerCase()),
  };
}
