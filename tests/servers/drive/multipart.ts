import { badRequest } from './answers.ts';
import type { Metadata } from './store.ts';

/** `multipart/related` with the metadata and the media, byte by byte as RFC 2387 has it; anything else is a mistake. */
export function parseMultipart(
  contentType: string,
  body: Buffer,
): { readonly metadata: Metadata; readonly mediaType: string; readonly content: Buffer } {
  const [, boundary] = /^multipart\/related; ?boundary="?([\w'()+,./:=?-]{1,70})"?$/.exec(contentType) ?? [];
  if (boundary === undefined) throw badRequest('badContent', 'Unsupported content type');
  const first = Buffer.from(`--${boundary}\r\n`);
  const between = Buffer.from(`\r\n--${boundary}\r\n`);
  const last = Buffer.from(`\r\n--${boundary}--`);
  const middle = body.indexOf(between, first.length);
  const end = body.lastIndexOf(last);
  const tail = body.subarray(end + last.length).toString('latin1');
  if (!body.subarray(0, first.length).equals(first) || middle < 0 || end < middle || (tail !== '' && tail !== '\r\n'))
    throw badRequest('badContent', 'Malformed multipart body.');
  const head = partOf(body.subarray(first.length, middle));
  const media = partOf(body.subarray(middle + between.length, end));
  if (!/^application\/json(; ?charset=utf-8)?$/i.test(head.type)) throw badRequest('badContent', 'Bad metadata type');
  return { metadata: parseMetadata(head.content), mediaType: media.type, content: media.content };
}

export function parseMetadata(body: Buffer): Metadata {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata;
  } catch {
    // answered below
  }
  throw badRequest('parseError', 'Parse Error');
}

function partOf(part: Buffer): { readonly type: string; readonly content: Buffer } {
  const end = part.indexOf('\r\n\r\n');
  const [, type] = /^content-type: ([^\r\n]+)$/im.exec(part.subarray(0, Math.max(0, end)).toString('latin1')) ?? [];
  if (type === undefined) throw badRequest('badContent', 'Malformed multipart body.');
  return { type, content: part.subarray(end + 4) };
}
