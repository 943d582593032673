import { zoneOffsetMs } from '../../../platform/zone-offset.ts';

/** What local times mean that name no zone. */
export interface TimeZone {
  /** A local time, written as if it were UTC (epoch ms) → the instant. Of a time that occurs twice the first, at a gap the later side. */
  toInstant(localMs: number): number;
}

/** Offsets change on quarters of an hour, so that one look-up serves all lines of a quarter. */
const BUCKET_MS = 15 * 60_000;
const DAY_MS = 86_400_000;

/** @param name an IANA name, `UTC` or an offset such as `+03:00`; absent: the host's zone. Throws a RangeError for an unknown one. */
export function openTimeZone(name?: string): TimeZone {
  if (name === undefined) return cached((localMs) => hostOffset(localMs));
  if (name === 'UTC' || name === 'Z') return { toInstant: (localMs) => localMs };
  zoneOffsetMs(0, name); // throws
  return cached((localMs) => {
    // At most one change lies between the day before and the day after: one of their two offsets holds, both in the hour that
    // occurs twice, neither in the one that is left out.
    const earlier = zoneOffsetMs(localMs - DAY_MS, name);
    const later = zoneOffsetMs(localMs + DAY_MS, name);
    const holding = [earlier, later].filter((offset) => zoneOffsetMs(localMs - offset, name) === offset);
    return holding.length === 0 ? earlier : Math.max(...holding);
  });
}

function cached(offsetOf: (localMs: number) => number): TimeZone {
  let bucket = Number.NaN;
  let offset = 0;
  return {
    toInstant(localMs) {
      const current = Math.floor(localMs / BUCKET_MS);
      if (current !== bucket) {
        offset = offsetOf(localMs);
        bucket = current;
      }
      return localMs - offset;
    },
  };
}

function hostOffset(localMs: number): number {
  const at = new Date(localMs);
  const there = new Date(
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCMilliseconds(),
  );
  return localMs - there.getTime();
}
