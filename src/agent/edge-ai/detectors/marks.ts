/** Names that stand in memory as long as their calls do. */
const TOOL_LENGTH_MAX = 80;
const SHOWN_LENGTH_MAX = 160;
/** Longer arguments are told apart by their length, their beginning and their end. */
const HASHED_LENGTH_MAX = 16_384;
const DEPTH_MAX = 12;
const KEYS_MAX = 500;

/** Names a call by its tool and arguments: the same for the same ones, in whatever order their keys come. */
export function markOf(tool: string, args: unknown): string {
  return `${tool}\n${hash(canonical(args))}`;
}

/** A text's mark: 53 bits of it, written short. */
export function hash(text: string): string {
  if (text.length > 2 * HASHED_LENGTH_MAX)
    return hash(`${text.length}${text.slice(0, HASHED_LENGTH_MAX)}${text.slice(-HASHED_LENGTH_MAX + 20)}`);
  let [low, high] = [0x811c9dc5, 0xc2b2ae35];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ (unit + at), 0x85ebca6b) ^ (high >>> 13);
  }
  return `${(low >>> 0).toString(36)}${(high >>> 11).toString(36)}`;
}

/** For people, and harmless to keep: one line, cut. */
export function shown(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : value === undefined ? '' : canonical(value);
  const line = text
    .slice(0, 2 * SHOWN_LENGTH_MAX)
    .replace(UNPRINTED, ' ')
    .trim();
  return line === ''
    ? undefined
    : copyOf(line.length > SHOWN_LENGTH_MAX ? `${line.slice(0, SHOWN_LENGTH_MAX)}…` : line);
}

/** A tool's name as it stands in titles, and in memory. */
export function nameOf(tool: string): string {
  const name = tool
    .slice(0, 2 * TOOL_LENGTH_MAX)
    .replace(UNPRINTED, ' ')
    .trim();
  return copyOf(name.slice(0, TOOL_LENGTH_MAX));
}

const UNPRINTED = /[\s\p{Cc}]+/gu;

/** A slice would keep the whole text in memory. */
export function copyOf(text: string): string {
  return Buffer.from(text.toWellFormed()).toString();
}

/** Arguments as one text; those that are JSON already are read, for spaces and the order of keys say nothing. */
function canonical(args: unknown): string {
  let value = args;
  if (typeof value === 'string') {
    const text = value.trim();
    if (!/^[{[]/.test(text) || text.length > HASHED_LENGTH_MAX) return text;
    try {
      value = JSON.parse(text);
    } catch {
      return text;
    }
  }
  return sorted(value, 0);
}

function sorted(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.slice(0, KEYS_MAX).map((each) => sorted(each, depth + 1))}]`;
  const entries = Object.entries(value)
    .slice(0, KEYS_MAX)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${sorted(each, depth + 1)}`)}}`;
}
