/** Marks that turn round how what follows is read. Those that only say of themselves which way they go are harmless. */
const DIRECTION_CHANGES = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from outside, fit to be looked at: control characters are shown as their pictures (␛ for escape) rather than doing or hiding
 * something, halves of characters and marks that turn round the rest are made visible, and what is longer than `lengthMax` is cut and says so by `…`.
 */
export function readable(text: string, lengthMax: number): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
  return cut
    .replaceAll('\r\n', '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)))
    .replace(/[\u007f-\u009f]/g, '\u2421')
    .replace(DIRECTION_CHANGES, '\ufffd')
    .toWellFormed();
}

/** Why a server or the check refuses something: our agents say it in 500 characters, an orchestrator puts some words before. */
export const REASON_LENGTH_MAX = 600;

/** A name or a text from outside within a sentence: it keeps its own direction, and can't turn round what comes after it. */
export function isolate(text: string): string {
  return `\u2068${text.replace(DIRECTION_CHANGES, '')}\u2069`;
}
