/** Durations and sizes as people write them, parsed once at the edge into ms and bytes. */

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** `10m`, `1h30m`, `250ms` → ms; `undefined` when it isn't a duration. */
export function parseDuration(text: string): number | undefined {
  const pattern = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/y;
  let total = 0;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * DURATION_UNITS_MS[match[2] as string]!;
  }
  return text === '' ? undefined : total;
}

/** `10MB` (10⁶), `10MiB` (2²⁰ each), `512B` → bytes; `undefined` when it isn't a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kKMGT]i?B|B)$/.exec(text);
  const unit = match === null ? undefined : SIZE_UNITS_BYTES[match[2] as string];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** A duration exactly, as it is written in settings: `1h30m`, `250ms`; `parseDuration` reads it back. Whole ms, 0 and more. */
export function writeDuration(ms: number): string {
  let text = '';
  let rest = ms;
  for (const [unit, size] of Object.entries(DURATION_UNITS_MS).reverse()) {
    if (unit === 'w' || rest < size) continue; // nobody counts in weeks
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text === '' ? '0s' : text;
}

/** A size exactly, as it is written in settings, in the largest unit that divides it: `100MB`, `64MiB`; `parseSize` reads it back. */
export function writeSize(bytes: number): string {
  for (const [unit, size] of Object.entries(SIZE_UNITS_BYTES).sort(([, a], [, b]) => b - a)) {
    if (unit !== 'KB' && bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}

/** Bytes for people: `742 B`, `1.5 MB` (10⁶). */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  for (const [unit, size] of [
    ['kB', 1e3],
    ['MB', 1e6],
    ['GB', 1e9],
    ['TB', 1e12],
  ] as const) {
    if (bytes < size * 1000 || unit === 'TB') return `${(bytes / size).toFixed(bytes < size * 10 ? 1 : 0)} ${unit}`;
  }
  return `${bytes} B`;
}

/** A duration for people, its two largest units: `12s`, `4m 10s`, `3d 2h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of [
    ['d', 86400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
    else if (parts.length === 1) break;
  }
  return parts.join(' ') || '0s';
}
