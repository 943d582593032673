/** Rows of a CSV text by the names of its first line; fields may be quoted, with `""` for a quote. Rows of another length are left out. */
export function parseCsv(text: string): Record<string, string>[] {
  const [names, ...rows] = csvRows(text);
  if (names === undefined) return [];
  return rows
    .filter((row) => row.length === names.length)
    .map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] as string])));
}

function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const [field, end] = text.charAt(at) === '"' ? quotedField(text, at) : plainField(text, at);
    row.push(field);
    at = end + 1;
    if (end < text.length && text.charAt(end) === ',') {
      // A comma at the very end parts off an empty field.
      if (at === text.length) row.push('');
      else continue;
    }
    rows.push(row);
    row = [];
  }
  return rows;
}

/** The field and where it ends: at a comma, a line feed, or the end. */
function plainField(text: string, from: number): [string, number] {
  let end = from;
  while (end < text.length && text.charAt(end) !== ',' && text.charAt(end) !== '\n') end++;
  const field = text.slice(from, end);
  const isLast = text.charAt(end) !== ',';
  return [isLast && field.endsWith('\r') ? field.slice(0, -1) : field, end];
}

function quotedField(text: string, from: number): [string, number] {
  let field = '';
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return [field + text.slice(at), text.length];
    field += text.slice(at, quote);
    at = quote + 1;
    if (text.charAt(at) !== '"') break;
    field += '"';
    at++;
  }
  // What follows a closing quote belongs to the field.
  const [rest, end] = plainField(text, at);
  return [field + rest, end];
}
