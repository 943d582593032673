import type { EncodedRecord } from '../buffer/types.ts';

/**
 * The beginning of a record's message, as long as triage looks at it, without the colours that a terminal would show. Of what stands in a source's buffer nothing else is made text, and
 * nothing is parsed unless something in it is escaped.
 */
export function messageOf(record: EncodedRecord): string {
  const given = record.messageJson?.(LOOKED_AT_BYTES) ?? messageJsonIn(record.json);
  const isCut = given.length * 3 > LOOKED_AT_BYTES;
  const text = isCut ? withoutCutEnd(given) : given;
  return text.includes('\\') ? unescaped(text) : text;
}

/** Lines that differ only past this count as the same; a template keeps far less. */
export const LOOKED_AT_BYTES = 8_192;

const KEY = ',"message":"';
const NEXT_KEY = '","context":';

/** Neither text can stand inside of a JSON string, where its quotes would be escaped. */
function messageJsonIn(json: string): string {
  const start = json.indexOf(KEY) + KEY.length;
  const end = json.indexOf(NEXT_KEY, start);
  return json.slice(start, Math.min(end, start + LOOKED_AT_BYTES));
}

/** It may have been cut within an escape, or within the bytes of a character. */
function withoutCutEnd(text: string): string {
  const end = text.endsWith('\ufffd') ? text.length - 1 : text.length;
  const slash = text.lastIndexOf('\\', end - 1);
  if (slash === -1 || end - slash >= ESCAPE_LENGTH_MAX) return text.slice(0, end);
  let before = slash;
  while (text[before - 1] === '\\') before--;
  const isEscaped = (slash - before) % 2 === 1;
  return text.slice(0, isEscaped ? end : slash);
}

/** `\u0007` */
const ESCAPE_LENGTH_MAX = 6;

function unescaped(text: string): string {
  return withoutColours(JSON.parse(`"${text}"`) as string);
}

/** Their codes stick to words, which would not be known any more: `\u001b[31mfatal`. */
function withoutColours(text: string): string {
  return text.includes('\u001b') ? text.replace(TERMINAL_SEQUENCE, '') : text;
}

/** Colours and the like; links and titles. Each is looked for from its escape to the next one at most. */
const TERMINAL_SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;
