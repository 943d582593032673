/**
 * Arrays as Postgres reads them, for the one statement that is worth it: pg's own way through each element costs more than the rest of a
 * heartbeat's preparation. A parameter all the same: nothing of it gets into the text of a statement.
 */

/** Of numbers, instants and words of ours: nothing that has a meaning in an array. */
export function plainArray(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Of any text. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
}
