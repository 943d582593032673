/** Short numbers for axes; the tables beside the charts have them in full. Digits are the same in both languages. */
export function compactNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trimmed(value / 1e9)}G`;
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e3) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

/** In full: `12,345`. */
export function wholeNumber(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Decimal units, as the archive's bill has them. */
export function compactBytes(value: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (Math.abs(value) >= size) return `${trimmed(value / size)} ${unit}`;
  }
  return `${trimmed(value)} B`;
}

/** Small costs keep their first two figures: `0.012`. */
export function compactMoney(value: number): string {
  return Math.abs(value) >= 10_000 ? compactNumber(value) : trimmed(value);
}

export function percent(value: number): string {
  return `${trimmed(value)}%`;
}

/** Of 0–1, as the tables beside the chart have it: what isn't quite all is never all, what isn't quite nothing never nothing. */
export function share(value: number): string {
  const hundredths = value * 100;
  if (hundredths === 0 || hundredths === 100) return `${hundredths}%`;
  const digits = hundredths < 1 || hundredths > 99 ? 2 : 1;
  const step = 10 ** -digits;
  return `${Math.min(100 - step, Math.max(step, hundredths)).toFixed(digits)}%`;
}

/** Three figures at most, and no zeros behind. */
function trimmed(value: number): string {
  if (Math.abs(value) >= 100) return wholeNumber(value);
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(8, Math.abs(value) < 1 ? digits - 1 : digits)).replace(/\.?0+$/, '');
}
