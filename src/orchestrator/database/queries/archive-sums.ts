/**
 * SQL, a list of CTEs to go on a statement that changes the catalog: adds batches to the sums that reports read (`archive_arrivals`). `changed` has
 * their window_at, records, bytes and text_bytes; `sign`: whether they came, or are awaited again.
 */
export function arrivalsOf(changed: string, sign: '+' | '-'): string {
  return `arrivals AS (
    INSERT INTO archive_arrivals AS known (bucket, objects, records, bytes, text_bytes)
    SELECT date_bin('15 minutes', window_at, 'epoch'), ${sign} count(*), ${sign} sum(records), ${sign} sum(bytes), ${sign} sum(text_bytes)
    FROM ${changed} GROUP BY 1 ORDER BY 1
    ON CONFLICT (bucket) DO UPDATE SET objects = known.objects + excluded.objects, records = known.records + excluded.records,
      bytes = known.bytes + excluded.bytes, text_bytes = known.text_bytes + excluded.text_bytes
  )`;
}

/** The same of what stands in the archive (`archive_standing`); `changed` has the bytes of each, `at` is when it was noted. */
export function standingOf(changed: string, at: string, sign: '+' | '-'): string {
  return `standing AS (
    INSERT INTO archive_standing AS known (bucket, objects, bytes)
    SELECT date_bin('15 minutes', ${at}::timestamptz, 'epoch'), ${sign} count(*), ${sign} sum(bytes) FROM ${changed} HAVING count(*) > 0
    ON CONFLICT (bucket) DO UPDATE SET objects = known.objects + excluded.objects, bytes = known.bytes + excluded.bytes
  )`;
}
