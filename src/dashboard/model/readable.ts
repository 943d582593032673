/**
 * Text from outside, fit to be looked at: control characters are shown as their pictures (␛ for escape) rather than doing or hiding
 * something, halves of characters are marked, and what is longer than `lengthMax` is cut and says so by `…`.
 */
export function readable(text: string, lengthMax: number): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
  return cut
    .replaceAll('\r\n', '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)))
    .replace(/[\u007f-\u009f]/g, '\u2421')
    .toWellFormed();
}
