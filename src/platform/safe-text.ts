/** What drives terminals, turns text around, hides or breaks lines; joiners within words and emoji (U+200C, U+200D) stay. */
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]+/gu;
/** Letters carry two or three marks; a tower of them covers the lines above. */
const MARKS = /(\p{M}{3})\p{M}+/gu;
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';
const SAID_MAX = 200;

/** Text from outside as one harmless line of at most `lengthMax` UTF-16 units. */
export function cleanText(text: string, lengthMax: number): string {
  const bounded = text.slice(0, lengthMax * 4); // what is thrown away anyway costs no time
  const line = bounded.toWellFormed().replace(HARMFUL, ' ').replace(MARKS, '$1').replace(/\s+/gu, ' ').trim();
  return cutText(line, lengthMax);
}

/** What another program said, as one line for a log, without what is secret. */
export function saidSafely(text: string, secrets: readonly string[]): string {
  let said = text.slice(0, SAID_MAX * 20);
  for (const secret of secrets) if (secret !== '') said = said.replaceAll(secret, '…');
  return cleanText(said, SAID_MAX);
}

/** A log line: as it is within, so that it can be compared and searched for; tabs and indentation stay. */
export function cleanLine(text: string, lengthMax: number): string {
  const bounded = text.slice(0, lengthMax * 4).replaceAll('\t', '  ');
  return cutText(bounded.toWellFormed().replace(HARMFUL, ' ').replace(MARKS, '$1').trimEnd(), lengthMax);
}

/** Not longer than `lengthMax` units: whole characters, and no isolate that is left open. */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  let end = lengthMax - 1;
  for (;;) {
    const code = text.charCodeAt(end - 1);
    const splits = code >= 0xd800 && code <= 0xdbff;
    const kept = text.slice(0, splits ? end - 1 : end).replace(/[\u200d\s]+$/u, '');
    const closing = POP_ISOLATE.repeat(openIsolates(kept));
    if (kept.length + 1 + closing.length <= lengthMax || end <= 1) return `${kept}…${closing}`;
    end--;
  }
}

function openIsolates(text: string): number {
  return Math.max(0, text.split(FIRST_STRONG_ISOLATE).length - text.split(POP_ISOLATE).length);
}

/** Keeps text of its own direction in order within a sentence: names, numbers with signs, titles. */
export function isolate(text: string): string {
  return `${FIRST_STRONG_ISOLATE}${text}${POP_ISOLATE}`;
}

/** Whether anything in it runs from right to left. */
export function hasRightToLeft(text: string): boolean {
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u.test(text);
}

/** As text or in a quoted attribute of HTML. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
