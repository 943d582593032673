import type { BatchManifest } from './batch.ts';

/**
 * The bytes of an archive object (RFC 1952): an empty gzip member whose FEXTRA subfield `NV` holds the manifest as JSON, then
 * independent gzip members of NDJSON. `zcat` and every gzip reader see only the NDJSON. See docs/FORMATS.md.
 */
const HEADER_BYTES = 10;
const FLAG_EXTRA = 0x04;
const OS_UNKNOWN = 255;
/** XLEN is 16 bits, and the subfield's own header takes 4 bytes of it. */
export const MANIFEST_JSON_BYTES_MAX = 65_535 - 4;
/** An empty deflate stream (one final block with fixed codes), its CRC-32 and its length: all zero. */
const EMPTY_BODY = Buffer.from([0x03, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]);

/** The first member of an object, from the manifest's JSON text. Throws a RangeError when it would not fit the field. */
export function formatManifestMember(manifestJson: string): Buffer {
  const json = Buffer.from(manifestJson, 'utf8');
  if (json.length > MANIFEST_JSON_BYTES_MAX)
    throw new RangeError(`manifest of ${json.length} bytes does not fit a gzip extra field`);
  const head = Buffer.alloc(HEADER_BYTES + 2 + 4);
  head.set([0x1f, 0x8b, 8, FLAG_EXTRA, 0, 0, 0, 0, 0, OS_UNKNOWN]);
  head.writeUInt16LE(json.length + 4, HEADER_BYTES);
  head.write('NV', HEADER_BYTES + 2, 'latin1');
  head.writeUInt16LE(json.length, HEADER_BYTES + 4);
  return Buffer.concat([head, json, EMPTY_BODY]);
}

export interface ManifestMember {
  /** As it stands in the object; its SHA-256 is what the next manifest names. */
  readonly json: string;
  /** Length of the whole first member: data members' offsets count from here. */
  readonly bytes: number;
}

/** The first member of an object whose first bytes (64 KiB + 64 are always enough) are given; `undefined` when it isn't one of ours. */
export function readManifestMember(bytes: Uint8Array): ManifestMember | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < HEADER_BYTES + 6 || view[0] !== 0x1f || view[1] !== 0x8b || view[3] !== FLAG_EXTRA)
    return undefined;
  const extraEnd = HEADER_BYTES + 2 + view.readUInt16LE(HEADER_BYTES);
  if (extraEnd + EMPTY_BODY.length > view.length) return undefined;
  for (let at = HEADER_BYTES + 2; at + 4 <= extraEnd; ) {
    const end = at + 4 + view.readUInt16LE(at + 2);
    if (end > extraEnd) return undefined;
    if (view.toString('latin1', at, at + 2) === 'NV')
      return { json: view.toString('utf8', at + 4, end), bytes: extraEnd + EMPTY_BODY.length };
    at = end;
  }
  return undefined;
}

/** The manifest of an object from its first bytes; `undefined` when it has none or an unreadable one. */
export function readManifest(bytes: Uint8Array): BatchManifest | undefined {
  const member = readManifestMember(bytes);
  if (member === undefined) return undefined;
  try {
    const manifest = JSON.parse(member.json) as BatchManifest;
    return manifest.version === 1 ? manifest : undefined;
  } catch {
    return undefined;
  }
}
