/** Of a day whose clock isn't changed. */
export const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the zone's wall clock is ahead of UTC at an instant. */
export function zoneOffsetMs(at: number, timeZone: string): number {
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
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(
    parts['year']!,
    parts['month']! - 1,
    parts['day']!,
    parts['hour']!,
    parts['minute']!,
    parts['second']!,
  );
  return wall - Math.floor(at / 1_000) * 1_000;
}

/** Whether it is a zone that this machine knows: an IANA name, or an offset such as `+03:00`. */
export function isTimeZone(name: string): boolean {
  try {
    zoneOffsetMs(0, name);
    return true;
  } catch {
    return false;
  }
}

/**
 * When the zone's wall clock shows `wall`, which is that date and time as though it were UTC, in epoch ms. Where it shows it twice, the
 * first; where it never does, as long after the leap as it would be.
 */
export function instantOfWall(wall: number, timeZone: string): number {
  const guesses = guessesOf(wall, timeZone);
  return guesses.find((guess) => guess + zoneOffsetMs(guess, timeZone) === wall) ?? Math.max(...guesses);
}

/**
 * When the local day begins, in epoch ms; days are told by days since 1970-01-01. Where summer time leaves out its midnight that is the
 * leap, and of a day that the zone left out altogether the leap over it, at which the next one begins: days never overlap, and leave no gap.
 */
export function startOfLocalDay(day: number, timeZone: string): number {
  const wall = day * DAY_MS;
  const guesses = guessesOf(wall, timeZone);
  const shown = guesses.find((guess) => guess + zoneOffsetMs(guess, timeZone) === wall);
  return (
    shown ?? firstInstant(Math.min(...guesses), Math.max(...guesses), (at) => at + zoneOffsetMs(at, timeZone) >= wall)
  );
}

/** The first instant after `before` for which it holds, no later than `after`, for which it does. It begins to hold once in between. */
export function firstInstant(before: number, after: number, holds: (at: number) => boolean): number {
  let [low, high] = [before, after];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** By what the clock was ahead a day earlier, and a day later: no zone changes its clock twice within two days. */
function guessesOf(wall: number, timeZone: string): readonly [number, number] {
  return [wall - zoneOffsetMs(wall - DAY_MS, timeZone), wall - zoneOffsetMs(wall + DAY_MS, timeZone)];
}
