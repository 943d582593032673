/* Lines of JSON as records come in, and such as nearly do: what a byte-wise reader and a parser have to agree on. */

import { pick, type Random } from './random.ts';

const TIMES = [
  '2025-12-10T19:45:00.123Z',
  '2025-01-31T00:00:00.000Z',
  '2024-02-29T12:00:00Z',
  '2025-04-31T00:00:00.000Z',
  'now',
  1765395900,
];
const LEVELS_GIVEN = ['INFO', 'debug', 'Warning', 'ERR', 'fatal', 'loud', ' info ', 30];
const NAMES = ['GROK', 'DEEPSEEK', 'plan-001', 'סוכן', 'a"b', 'x'.repeat(49), 'x'.repeat(60), ''];
const KEYS = [
  'a',
  'b',
  'k1',
  '',
  '0',
  '10',
  '-1',
  '1e3',
  '__proto__',
  'sess',
  'ключ',
  'a b',
  'toString',
  'timestamp',
  'q"',
];
const TEXTS = [
  '',
  'calling bash on src/index.ts',
  'שלום',
  '🤖',
  '"',
  '\\',
  '\n',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u2028',
  '\ud800',
  '</script>',
];

/** A line of JSON: mostly a record in canonical form, or nearly so. */
export function randomLine(random: Random): string {
  const fields: [string, unknown][] = [];
  const may = (chance: number, key: string, value: () => unknown) => {
    if (random() < chance) fields.push([key, value()]);
  };
  may(0.9, 'timestamp', () => pick(random, random() < 0.7 ? TIMES.slice(0, 2) : TIMES));
  may(0.9, 'level', () => pick(random, random() < 0.7 ? LEVELS_GIVEN.slice(0, 5) : LEVELS_GIVEN));
  may(0.9, 'agent_id', () => pick(random, random() < 0.7 ? NAMES.slice(0, 4) : NAMES));
  may(0.8, 'action', () => pick(random, random() < 0.7 ? NAMES.slice(0, 4) : NAMES));
  may(0.97, 'message', () => randomText(random));
  may(0.8, 'context', () => (random() < 0.95 ? randomObject(random, 0) : randomValue(random, 0)));
  may(0.05, 'host', () => 'h');
  if (random() < 0.3) fields.sort(() => random() - 0.5);
  const entries = fields.map(([key, value]) => `${JSON.stringify(key)}:${writeValue(value, random)}`);
  if (random() < 0.02) entries.push(pick(random, entries.length === 0 ? ['"a":1'] : entries));
  return `{${entries.join(random() < 0.03 ? ', ' : ',')}}`;
}

/** As `JSON.stringify` writes it; now and then with whitespace. */
function writeValue(value: unknown, random: Random): string {
  return random() < 0.97 ? JSON.stringify(value) : JSON.stringify(value, undefined, 1).replaceAll('\n', ' ');
}

function randomText(random: Random): string {
  return Array.from({ length: Math.floor(random() * 4) }, () =>
    pick(random, random() < 0.8 ? TEXTS.slice(0, 4) : TEXTS),
  ).join(' ');
}

function randomObject(random: Random, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: Math.floor(random() * 5) }, (_, n) => [
      random() < 0.9 ? `${pick(random, ['tool', 'n', 'key_'])}${'abcdefgh'[n]}` : pick(random, KEYS),
      randomValue(random, depth + 1),
    ]),
  );
}

function randomValue(random: Random, depth: number): unknown {
  const kind = random();
  if (depth < 4 && kind < 0.1) return randomObject(random, depth);
  if (depth < 4 && kind < 0.2)
    return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth + 1));
  if (kind < 0.5) return randomNumber(random);
  return kind < 0.6 ? pick(random, [true, false, null]) : randomText(random);
}

function randomNumber(random: Random): number {
  const magnitude = 10 ** Math.floor(random() * 24 - 9);
  const number = (random() - 0.3) * magnitude;
  const kind = random();
  if (kind < 0.5) return Math.round(number);
  return kind < 0.8 ? Number(number.toPrecision(1 + Math.floor(random() * 16))) : number;
}

const INSERTED = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '0',
  '-',
  '.',
  'e',
  '1',
  ' ',
  '\t',
  '\r',
  '\u0000',
  '\\u0000',
  '\\ud800',
  'é',
  '00',
  'null',
  '"a":1,',
];
const FLIPPED = [
  0x22, 0x5c, 0x7b, 0x7d, 0x2c, 0x3a, 0x30, 0x39, 0x2d, 0x2e, 0x65, 0x00, 0x1f, 0x20, 0x7f, 0x80, 0xc3, 0xed, 0xff,
];

/** The line with a few bytes changed, left out or doubled. */
export function mutate(line: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * (line.length + 1));
  const to = Math.min(line.length, at + Math.floor(random() * 6));
  switch (Math.floor(random() * 5)) {
    case 0:
      return Buffer.concat([line.subarray(0, at), Buffer.from(pick(random, INSERTED)), line.subarray(at)]);
    case 1:
      return Buffer.concat([line.subarray(0, at), line.subarray(to)]);
    case 2: // a stretch once more, somewhere else
      return Buffer.concat([line.subarray(0, at), line.subarray(Math.floor(at / 2), at), line.subarray(at)]);
    case 3: {
      const copy = Buffer.from(line);
      if (at < copy.length) copy[at] = pick(random, FLIPPED);
      return copy;
    }
    default: {
      const copy = Buffer.from(line);
      if (at < copy.length) copy[at] = copy[at]! ^ (1 << Math.floor(random() * 8));
      return copy;
    }
  }
}
