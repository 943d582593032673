import { posix } from 'node:path';
import { readWorkbook, type StoredSheet, unescapeXml } from './read-workbook.ts';

/**
 * What Excel is known to answer with "we found a problem with some content": each complaint is one. No Excel runs here, so this holds a
 * workbook against what the format says.
 */
export function whatExcelRefuses(bytes: Uint8Array): readonly string[] {
  const { parts, sheets, strings } = readWorkbook(bytes);
  const complaints: string[] = [];
  for (const [name, xml] of parts) complaints.push(...malformed(xml).map((what) => `${name}: ${what}`));
  const names = sheets.map(({ name }) => name.toLowerCase());
  for (const { name } of sheets) {
    if (name.length === 0 || name.length > 31 || /[[\]:*?/\\]|^'|'$/.test(name))
      complaints.push(`a sheet is called ${name}`);
    if (names.filter((one) => one === name.toLowerCase()).length > 1) complaints.push(`two sheets are called ${name}`);
  }
  complaints.push(
    ...strings.filter(({ length }) => length > 32_767).map(({ length }) => `a text of ${length} characters`),
  );
  for (const sheet of sheets) complaints.push(...refusedOfSheet(sheet).map((what) => `${sheet.name}: ${what}`));
  const byName = new Map(sheets.map((sheet) => [sheet.name, sheet]));
  for (const [name, xml] of parts)
    if (name.startsWith('xl/charts/'))
      for (const [, formula] of xml.matchAll(/<f>(.*?)<\/f>/g))
        complaints.push(...refusedRange(name, unescapeXml(formula!), byName));
  const defined = parts.get('xl/workbook.xml')?.matchAll(/<definedName ([^>]*)>(.*?)<\/definedName>/g) ?? [];
  const seen = new Set<string>();
  for (const [, attributes, formula] of defined) {
    const key = `${/ name="([^"]*)"/.exec(` ${attributes}`)?.[1]} of ${/localSheetId="(\d+)"/.exec(attributes!)?.[1]}`;
    if (seen.has(key)) complaints.push(`the name ${key} twice`);
    seen.add(key);
    for (const one of unescapeXml(formula!).split(','))
      if (!byName.has(sheetOf(one))) complaints.push(`a name refers to ${one}`);
  }
  return [...complaints, ...lostParts(parts)];
}

function refusedOfSheet({ xml, cells }: StoredSheet): string[] {
  const complaints: string[] = [];
  const filter = /<autoFilter ref="([^"]+)"/.exec(xml)?.[1]?.replaceAll('$', '');
  const merged = [...xml.matchAll(/<mergeCell ref="([^"]+)"/g)].map((one) => one[1]!);
  if (filter !== undefined && merged.some((one) => meet(one, filter))) complaints.push('a filter over merged cells');
  for (const [index, one] of merged.entries())
    if (merged.slice(index + 1).some((other) => meet(one, other))) complaints.push(`merged twice: ${one}`);
  const formats = [...xml.matchAll(/<conditionalFormatting sqref="([^"]+)"/g)].map((one) => one[1]!);
  for (const [index, one] of formats.entries())
    if (formats.slice(index + 1).some((other) => meet(one, other)))
      complaints.push(`conditional formats overlap: ${one}`);
  const rows = [...xml.matchAll(/<row r="(\d+)"/g)].map((one) => Number(one[1]));
  if (rows.some((row, index) => index > 0 && row <= rows[index - 1]!)) complaints.push('rows are out of order');
  for (const [name, { value }] of cells)
    if (typeof value === 'number' && !Number.isFinite(value)) complaints.push(`${name} is no number`);
  const order = [
    'sheetPr',
    'dimension',
    'sheetViews',
    'sheetFormatPr',
    'cols',
    'sheetData',
    'autoFilter',
    'mergeCells',
  ].concat(['conditionalFormatting', 'pageMargins', 'pageSetup', 'headerFooter', 'rowBreaks', 'drawing', 'extLst']);
  const outer = xml.replace(/(<conditionalFormatting [^>]*>).*?(<\/conditionalFormatting>)/gs, '$1$2');
  const places = order.map((name) => outer.search(new RegExp(`<${name}[ >/]`))).filter((place) => place >= 0);
  if (places.some((place, index) => index > 0 && place < places[index - 1]!))
    complaints.push('its elements are out of order');
  return complaints;
}

function refusedRange(chart: string, formula: string, sheets: ReadonlyMap<string, StoredSheet>): string[] {
  const sheet = sheets.get(sheetOf(formula));
  const [, column, first, last] = /!\$([A-Z]+)\$(\d+)(?::\$\1\$(\d+))?$/.exec(formula) ?? [];
  if (sheet === undefined || column === undefined) return [`${chart} draws ${formula}`];
  const rows = Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, n) => Number(first) + n);
  const isEmpty = rows.every((row) => (sheet.cells.get(`${column}${row}`)?.value ?? null) === null);
  return isEmpty ? [`${chart} draws nothing: ${formula}`] : [];
}

/** Parts without a content type, and relations that lead nowhere. */
function lostParts(parts: ReadonlyMap<string, string>): string[] {
  const types = parts.get('[Content_Types].xml') ?? '';
  const lost = [...parts.keys()].filter(
    (name) =>
      name !== '[Content_Types].xml' &&
      !types.includes(`PartName="/${name}"`) &&
      !types.includes(`Extension="${name.split('.').at(-1)}"`),
  );
  const leads = [...parts].flatMap(([name, xml]) => {
    if (!name.endsWith('.rels')) return [];
    const folder = posix.dirname(posix.dirname(name));
    return [...xml.matchAll(/Target="([^"]+)"/g)]
      .map(([, target]) => (target!.startsWith('/') ? target!.slice(1) : posix.normalize(posix.join(folder, target!))))
      .filter((target) => !parts.has(target));
  });
  return [...lost.map((name) => `${name} has no type`), ...leads.map((name) => `${name} is missing`)];
}

const sheetOf = (formula: string) => /^'((?:[^']|'')+)'!/.exec(formula)?.[1]?.replaceAll("''", "'") ?? '';

function meet(one: string, other: string): boolean {
  const [a, b] = [corners(one), corners(other)];
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

function corners(range: string) {
  const [first, last = first] = range.split(':');
  const at = (cell: string) => {
    const [, letters, row] = /^([A-Z]+)(\d+)$/.exec(cell)!;
    return [[...letters!].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0), Number(row)] as const;
  };
  const [[left, top], [right, bottom]] = [at(first!), at(last!)];
  return { left, top, right, bottom };
}

/** Why a text is no XML: characters that it can't hold, tags that don't close each other. */
function malformed(xml: string): string[] {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml) || !xml.isWellFormed())
    return ['a character that XML can’t hold'];
  const open: string[] = [];
  let at = 0;
  for (const match of xml.matchAll(/<(?:\?[^>]*\?|(\/)?([\w:]+)((?:\s+[\w:]+="[^"<]*")*)\s*(\/)?)>/g)) {
    const between = xml.slice(at, match.index);
    if (/[<>]/.test(between) || /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/.test(between))
      return [`bare: ${between.slice(0, 80)}`];
    at = match.index + match[0].length;
    const [, closing, name, , alone] = match;
    if (name === undefined || alone !== undefined) continue;
    if (closing === undefined) open.push(name);
    else if (open.pop() !== name) return [`</${name}> closes another`];
  }
  if (xml.slice(at).trim() !== '') return [`bare: ${xml.slice(at, at + 80)}`];
  return open.length === 0 ? [] : [`<${open.at(-1)}> is not closed`];
}
