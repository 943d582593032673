const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;

/**
 * The whole hours (UTC) that stand for a time, for what is counted by them. Days of nearly all zones begin with one; of those half an hour beside
 * them it is the nearest. A time that ends now has its last hour as far as it goes. Pure.
 */
export function wholeHours({ startsAt, endsAt }: { readonly startsAt: Date; readonly endsAt: Date }): {
  readonly from: Date;
  /** The first that isn't of it. */
  readonly to: Date;
} {
  const end = endsAt.getTime();
  const isNow = end % QUARTER_MS !== 0; // no zone's day ends at such a time
  return { from: nearest(startsAt.getTime()), to: isNow ? new Date(Math.ceil(end / HOUR_MS) * HOUR_MS) : nearest(end) };
}

function nearest(at: number): Date {
  return new Date(Math.round(at / HOUR_MS) * HOUR_MS);
}
