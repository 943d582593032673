import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileConditions } from '../../src/agent/rules/conditions.ts';
import { RecordView } from '../../src/agent/rules/record-view.ts';
import { encodeNdjson, encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import type { ContextCondition, RuleConditions } from '../../src/contract/rules.ts';
import { seededRandom } from '../support/random.ts';

/*
 * Conditions are answered from a record's JSON as far as that can be: by texts that it lacks, by groups of characters that it lacks. Here they
 * are held against the plain meaning of each condition, on random records and rules made of what is treacherous: escapes, half
 * characters, letters whose lower case is ASCII or longer, keys with dots, `__proto__`. Records copied in place stand beside parsed ones.
 */

const SERVER = 'S' as ServerName;
const NOON = Date.parse('2026-01-15T12:00:00.000Z');
const RULES = 900;
const RECORDS = 60;
const PIECES = [
  'a',
  'b',
  'ab',
  'K',
  'k',
  '\u212a',
  'İ',
  'ı',
  'ſ',
  'S',
  's',
  'Σσς',
  'ß',
  'é',
  'É',
  '"',
  '\\',
  '\n',
  '\u0001',
  '/',
  ' ',
  '.',
  '1',
  '12',
  '\ud83d',
  '\ude00',
  '😀',
  '\u2028',
  '\u007f',
  '<',
  'null',
  'message',
  'context',
  'abc',
  'ABC',
  'שלום',
  '\uffff',
  '\\u0041',
  '{',
  '":',
];
const KEYS = ['a', 'b', 'a.b', '__proto__', '7', 'é', 'x"y', 'ab\\c', 'constructor', 'length', '', 'A', 'abc', '0'];

test('conditions answered by what a record lacks mean what they say, on copied records too', () => {
  const random = seededRandom(0x5eed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const text = (most: number): string =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(PIECES)).join('');
  const some = (most: number): string => text(most) || pick(PIECES);

  const value = (depth: number): unknown => {
    const kind = Math.floor(random() * (depth > 2 ? 6 : 8));
    if (kind === 0) return null;
    if (kind === 1) return random() < 0.5;
    if (kind === 2) return pick([0, 1, 12, -1, 0.5, 1e20]);
    if (kind < 6) return text(4);
    if (kind === 6) return Array.from({ length: Math.floor(random() * 3) }, () => value(depth + 1));
    return group(depth + 1);
  };
  const group = (depth: number): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, () => [pick(KEYS), value(depth)]));

  const pattern = (): readonly [linear: string, plain: string] => {
    const folds = random() < 0.5;
    const unit = (character: string): readonly [string, string] => {
      const code = character.charCodeAt(0);
      const escaped = `\\u${code.toString(16).padStart(4, '0')}`;
      const [small, capital] = [character.toLowerCase(), character.toUpperCase()];
      const isAscii = (text: string) => text < '\x80';
      const hasCases =
        /\p{L}/u.test(character) && isAscii(character) === isAscii(capital) && (small + capital).length === 2;
      const plain = folds && hasCases ? `[${small}${capital}]` : escaped;
      return [/[a-zA-Z0-9]/.test(character) && random() < 0.7 ? character : escaped, plain];
    };
    const literal = (): readonly [string, string] => {
      const units = some(2).split('').map(unit);
      return [units.map(([one]) => one).join(''), units.map(([, one]) => one).join('')];
    };
    const both = (make: (part: string) => string, [linear, plain]: readonly [string, string]) =>
      [make(linear), make(plain)] as const;
    const node = (depth: number): readonly [string, string] => {
      const kind = Math.floor(random() * (depth > 2 ? 4 : 8));
      if (kind < 3) return literal();
      if (kind === 3)
        return pick([
          ['[^b]', folds ? '[^bB]' : '[^b]'],
          ['\\d', '\\d'],
          ['[Aa]', '[Aa]'],
          ['\\b', '\\b'],
        ] as const);
      if (kind === 4) return both((part) => `(?:${part})+`, node(depth + 1));
      if (kind === 5) return both((part) => `(?:${part})?`, node(depth + 1));
      const [left, right] = [node(depth + 1), node(depth + 1)];
      if (kind === 6) return [`(?:${left[0]}|${right[0]})`, `(?:${left[1]}|${right[1]})`];
      return [left[0] + right[0], left[1] + right[1]];
    };
    const [linear, plain] = node(0);
    return [folds ? `(?i)${linear}` : linear, plain];
  };

  const plainPatterns = new Map<string, RegExp>();
  const patternOf = (): string => {
    for (;;) {
      const [linear, plain] = pattern();
      if (new RegExp(plain).test('')) continue;
      plainPatterns.set(linear, new RegExp(plain));
      return linear;
    }
  };
  const path = (): string => Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(KEYS)).join('.') || 'a';
  const condition = (): ContextCondition => {
    const asked = comparison();
    return { path: path(), ...(Object.keys(asked).length === 0 ? { exists: true } : asked) };
  };
  const comparison = (): Omit<ContextCondition, 'path'> => ({
    ...(random() < 0.4 ? { is: [value(9) as string] } : {}),
    ...(random() < 0.3 ? { isNot: [value(9) as string] } : {}),
    ...(random() < 0.2 ? { exists: random() < 0.5 } : {}),
    ...(random() < 0.2 ? { above: pick([-2, 0, 1]) } : {}),
    ...(random() < 0.2 ? { contains: [some(1), some(2)] } : {}),
    ...(random() < 0.2 ? { matches: patternOf() } : {}),
  });
  const rule = (): RuleConditions => ({
    ...(random() < 0.4 ? { contains: Array.from({ length: 1 + Math.floor(random() * 9) }, () => some(2)) } : {}),
    ...(random() < 0.6 ? { matches: patternOf() } : {}),
    ...(random() < 0.4 ? { context: [condition()] } : {}),
  });

  const means = (when: RuleConditions, message: string, context: unknown): boolean =>
    (when.contains?.some((one) => message.includes(one)) ?? true) &&
    (when.matches === undefined || plainPatterns.get(when.matches)!.test(message)) &&
    (when.context ?? []).every((one) => meansIn(one, valuesAt(context, one.path)[0]));
  const meansIn = (one: ContextCondition, found: unknown): boolean => {
    if (one.exists !== undefined && one.exists !== (found !== undefined && found !== null)) return false;
    if (one.is !== undefined && !one.is.some((is) => is === found)) return false;
    if (one.isNot?.some((isNot) => isNot === found)) return false;
    if (one.above !== undefined) {
      const isNumber = typeof found === 'number' || (typeof found === 'string' && /^-?\d+(\.\d+)?$/.test(found));
      if (!isNumber || !(Number(found) > one.above)) return false;
    }
    if (one.contains !== undefined) {
      if (typeof found !== 'string' && !Array.isArray(found)) return false;
      if (!one.contains.some((part) => found.includes(part))) return false;
    }
    return one.matches === undefined || (typeof found === 'string' && plainPatterns.get(one.matches)!.test(found));
  };

  let copied = 0;
  let hits = 0;
  for (let round = 0; round < RULES / 15; round++) {
    const rules = Array.from({ length: 15 }, rule);
    const checks = rules.map(compileConditions);
    const view = new RecordView();
    for (let index = 0; index < RECORDS; index++) {
      const fields = { message: text(6), context: group(0) };
      const long = encodeObject({ agent_id: 'A', ...fields }, { server: SERVER, now: NOON });
      const [short] = encodeNdjson(Buffer.from(`${JSON.stringify({ agent_id: 'A', action: '', ...fields })}\n`), {
        server: SERVER,
        now: NOON,
      }).records;
      if (short!.writeTo !== undefined) copied++;
      for (const record of [long, short!]) {
        const { message, context } = JSON.parse(`{${record.json}`) as { message: string; context: unknown };
        view.of(record);
        rules.forEach((when, at) => {
          const expected = means(when, message, context);
          const found = checks[at]!.every((check) => check.holds(view));
          if (expected) hits++;
          if (found !== expected)
            assert.fail(`${JSON.stringify(when)} on ${record.json}: ${found}, and should be ${expected}`);
        });
      }
    }
  }

  assert.ok(copied > 200 && hits > 5_000, `${copied} were copied, ${hits} hit`);
});

/** Every value that a path may name, the one with the longest first key first. */
function valuesAt(value: unknown, path: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (key: string): unknown[] => (Object.hasOwn(value, key) ? [Reflect.get(value, key)] : []);
  const keys = path.split('.');
  const deeper = keys.slice(1).flatMap((_, index) => {
    const length = keys.length - 1 - index;
    const head = keys.slice(0, length).join('.');
    return head === '' ? [] : own(head).flatMap((inner) => valuesAt(inner, keys.slice(length).join('.')));
  });
  return [...own(path), ...deeper];
}
