import assert from 'node:assert/strict';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

const CONTENT_TYPES = '[Content_Types].xml';
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
/** Of general purpose: sizes stand behind the data; names are UTF-8. */
const SIZES_BEHIND = 0x0008;
const STORED = 0;
const DEFLATED = 8;

/** What is added to a sheet's own rows: XML of `row` elements, in pieces. By the name of the sheet's part. */
export type AddedRows = ReadonlyMap<string, readonly Buffer[]>;

/**
 * The same workbook with its list of content types in one order, which the library writes in another each time (everything else, times too,
 * always alike), and with the rows that were kept away from the library. Every other part is copied as it is.
 */
export function finishPackage(workbook: Uint8Array, added: AddedRows): Uint8Array {
  const file = Buffer.from(workbook.buffer, workbook.byteOffset, workbook.byteLength);
  const end = file.length - END_BYTES; // the library writes no comment
  assert.equal(file.readUInt32LE(end), END, 'a workbook ends as a ZIP file does');
  const entries = entriesOf(file, file.readUInt32LE(end + 16), file.readUInt16LE(end + 10));
  const starts = entries.map(({ start }) => start).sort((a, b) => a - b);
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, header, start } of entries) {
    const next = starts.find((one) => one > start) ?? file.readUInt32LE(end + 16);
    const part = file.subarray(start, next);
    const rows = added.get(name);
    const change =
      name === CONTENT_TYPES ? sortTypes : rows === undefined ? undefined : (xml: Buffer) => withRows(xml, rows);
    const [bytes, entry] = change === undefined ? [part, Buffer.from(header)] : rewritten(part, header, change);
    entry.writeUInt32LE(at, 42);
    parts.push(bytes);
    directory.push(entry);
    at += bytes.length;
  }
  const last = Buffer.from(file.subarray(end));
  last.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  last.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, last]);
}

interface Entry {
  readonly name: string;
  /** In the directory at the end. */
  readonly header: Buffer;
  readonly start: number;
}

function entriesOf(file: Buffer, directoryAt: number, count: number): readonly Entry[] {
  let at = directoryAt;
  return Array.from({ length: count }, () => {
    assert.equal(file.readUInt32LE(at), CENTRAL);
    const [name, extra, comment] = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const length = CENTRAL_BYTES + name + extra + comment;
    const header = file.subarray(at, at + length);
    at += length;
    return {
      name: header.toString('utf8', CENTRAL_BYTES, CENTRAL_BYTES + name),
      header,
      start: header.readUInt32LE(42),
    };
  });
}

/** A part and its entry in the directory, written anew. */
function rewritten(
  part: Buffer,
  header: Buffer,
  change: (xml: Buffer) => Buffer,
): readonly [part: Buffer, entry: Buffer] {
  assert.equal(part.readUInt32LE(0), LOCAL);
  const method = header.readUInt16LE(10);
  assert.ok(method === STORED || method === DEFLATED);
  const nameLength = part.readUInt16LE(26);
  const dataAt = LOCAL_BYTES + nameLength + part.readUInt16LE(28);
  const data = part.subarray(dataAt, dataAt + header.readUInt32LE(20));
  const xml = change(method === DEFLATED ? inflateRawSync(data) : data);
  const packed = deflateRawSync(xml, { level: 6 });
  const local = Buffer.from(part.subarray(0, LOCAL_BYTES + nameLength));
  local.writeUInt16LE(0, 28);
  const entry = Buffer.from(header);
  for (const [bytes, shift] of [
    [local, 0],
    [entry, 2],
  ] as const) {
    bytes.writeUInt16LE(bytes.readUInt16LE(6 + shift) & ~SIZES_BEHIND, 6 + shift);
    bytes.writeUInt16LE(DEFLATED, 8 + shift);
    bytes.writeUInt32LE(crc32(xml), 14 + shift);
    bytes.writeUInt32LE(packed.length, 18 + shift);
    bytes.writeUInt32LE(xml.length, 22 + shift);
  }
  return [Buffer.concat([local, packed]), entry];
}

function withRows(xml: Buffer, rows: readonly Buffer[]): Buffer {
  const end = xml.indexOf('</sheetData>');
  assert.notEqual(end, -1, 'a sheet that gets rows has some');
  return Buffer.concat([xml.subarray(0, end), ...rows, xml.subarray(end)]);
}

function sortTypes(part: Buffer): Buffer {
  const xml = part.toString('utf8');
  const types = [...xml.matchAll(/<(?:Default|Override) [^>]*?(?:\/>|><\/(?:Default|Override)>)/g)].map(([one]) => one);
  const first = xml.indexOf(types[0] ?? '');
  const length = types.reduce((sum, one) => sum + one.length, 0);
  assert.equal(xml.slice(first, first + length), types.join(''), 'content types stand beside each other');
  return Buffer.from(xml.slice(0, first) + types.toSorted().join('') + xml.slice(first + length));
}
