import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';

/** A cell as it is stored: a number, a text, or nothing. `format`: of its style, by number where it is one of Excel's own. */
export interface StoredCell {
  readonly value: string | number | null;
  readonly format: string;
}

export interface StoredSheet {
  readonly name: string;
  readonly xml: string;
  /** By `B7`. */
  readonly cells: ReadonlyMap<string, StoredCell>;
  /** Rows below the header row as objects by their header. */
  list(headerRow?: number): readonly Readonly<Record<string, string | number | null>>[];
}

/** Reads a workbook by what the format says, with nothing of what wrote it. */
export function readWorkbook(bytes: Uint8Array) {
  const parts = readZip(Buffer.from(bytes));
  const part = (name: string) => {
    const text = parts.get(name);
    assert.ok(text !== undefined, `${name} is in the workbook`);
    return text;
  };
  const strings = [...(parts.get('xl/sharedStrings.xml') ?? '').matchAll(/<si>(.*?)<\/si>/gs)].map((one) =>
    textOf(one[1]!),
  );
  const formats = readFormats(part('xl/styles.xml'));
  const targets = new Map(
    [...part('xl/_rels/workbook.xml.rels').matchAll(/<Relationship ([^>]*)>/g)].map(([, attributes]) => [
      attribute(attributes!, 'Id'),
      attribute(attributes!, 'Target').replace(/^\/?(?:xl\/)?/, 'xl/'),
    ]),
  );
  const sheets = [...part('xl/workbook.xml').matchAll(/<sheet ([^>]*)>/g)].map(([, attributes]): StoredSheet => {
    const xml = part(targets.get(attribute(attributes!, 'r:id')) ?? '');
    const cells = readCells(xml, strings, formats);
    return { name: unescapeXml(attribute(attributes!, 'name')), xml, cells, list: (row = 1) => listOf(cells, row) };
  });
  return { parts, sheets, strings };
}

function readZip(file: Buffer): ReadonlyMap<string, string> {
  const end = file.length - 22;
  assert.equal(file.readUInt32LE(end), 0x06054b50);
  const parts = new Map<string, string>();
  let at = file.readUInt32LE(end + 16);
  for (let n = file.readUInt16LE(end + 10); n > 0; n--) {
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const local = file.readUInt32LE(at + 42);
    const dataAt = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const data = file.subarray(dataAt, dataAt + file.readUInt32LE(at + 20));
    assert.ok(!parts.has(name), `${name} is there once`);
    parts.set(name, (file.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data)).toString('utf8'));
    at += 46 + nameLength + extra + comment;
  }
  return parts;
}

/** The number format of each style of cells. */
function readFormats(styles: string): readonly string[] {
  const custom = new Map(
    [...styles.matchAll(/<numFmt ([^>]*)>/g)].map(([, attributes]) => [
      attribute(attributes!, 'numFmtId'),
      unescapeXml(attribute(attributes!, 'formatCode')),
    ]),
  );
  const cellFormats = /<cellXfs[^>]*>(.*?)<\/cellXfs>/s.exec(styles)?.[1] ?? '';
  return [...cellFormats.matchAll(/<xf ([^>]*)>/g)].map(([, attributes]) => {
    const id = attribute(attributes!, 'numFmtId');
    return custom.get(id) ?? id;
  });
}

function readCells(
  xml: string,
  strings: readonly string[],
  formats: readonly string[],
): ReadonlyMap<string, StoredCell> {
  const cells = new Map<string, StoredCell>();
  for (const [, attributes, closed, content = ''] of xml.matchAll(/<c ([^>]*?)(?:(\/)>|>(.*?)<\/c>)/gs)) {
    assert.ok(closed !== undefined || !content.includes('<f'), 'there is no formula');
    const type = / t="(\w+)"/.exec(` ${attributes}`)?.[1] ?? 'n';
    const stored = /<v>(.*?)<\/v>/s.exec(content)?.[1];
    const value =
      type === 'inlineStr'
        ? textOf(content)
        : stored === undefined
          ? null
          : type === 's'
            ? strings[Number(stored)]!
            : type === 'n'
              ? Number(stored)
              : assert.fail(`a cell of type ${type}`);
    cells.set(attribute(attributes!, 'r'), {
      value,
      format: formats[Number(/ s="(\d+)"/.exec(` ${attributes}`)?.[1] ?? 0)]!,
    });
  }
  return cells;
}

function listOf(cells: ReadonlyMap<string, StoredCell>, headerRow: number) {
  const rows = new Map<number, Map<string, string | number | null>>();
  for (const [name, { value }] of cells) {
    const [, column, row] = /^([A-Z]+)(\d+)$/.exec(name)!;
    const values = rows.get(Number(row)) ?? new Map();
    values.set(column, value);
    rows.set(Number(row), values);
  }
  const headers = [...rows.get(headerRow)!].filter(([, value]) => value !== null);
  return [...rows.keys()]
    .filter((row) => row > headerRow)
    .sort((a, b) => a - b)
    .map((row) =>
      Object.fromEntries(headers.map(([column, header]) => [`${header}`, rows.get(row)!.get(column) ?? null])),
    );
}

const textOf = (xml: string) =>
  unescapeExcel(unescapeXml([...xml.matchAll(/<t(?: [^>]*)?>(.*?)<\/t>/gs)].map((one) => one[1]).join('')));

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
  assert.ok(value !== undefined, `${name} in ${attributes}`);
  return value;
}

export function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (_, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name!] ?? assert.fail(`&${name}; is no entity of XML`);
  });
}

/** In texts of cells, `_x0041_` stands for a character. */
const unescapeExcel = (text: string) =>
  text.replace(/_x([0-9a-fA-F]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
