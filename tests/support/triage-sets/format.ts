/* From a statement's format: its template, and lines of it. */
import { pick, type Random } from '../random.ts';

const DEPTH_MAX = 8;

/** The format with each parameter exchanged. A parameter may have others within: `{one:worker {int:1..9}|main}`. */
function exchange(format: string, by: (parameter: string) => string): string {
  let made = '';
  for (let at = 0; at < format.length; at++) {
    const char = format.charAt(at);
    if ((char === '{' || char === '}') && format[at + 1] === char) {
      made += char;
      at++;
    } else if (char === '{') {
      const end = closing(format, at);
      made += by(format.slice(at + 1, end));
      at = end;
    } else made += char;
  }
  return made;
}

/** Where the brace that opens at `from` closes. */
function closing(format: string, from: number): number {
  for (let at = from, depth = 0; at < format.length; at++) {
    if (format[at] === '{') depth++;
    else if (format[at] === '}' && --depth === 0) return at;
  }
  throw new Error(`a brace is not closed: ${format}`);
}

/** The alternatives of `one`, which may have parameters with bars of their own. */
function alternatives(argument: string): string[] {
  const found = [''];
  let depth = 0;
  for (const char of argument) {
    if (char === '{') depth++;
    else if (char === '}') depth--;
    if (char === '|' && depth === 0) found.push('');
    else found[found.length - 1] += char;
  }
  return found;
}

/** Parameters as `<*>`. */
export function templateOf(format: string): string {
  return exchange(format, () => '<*>');
}

/** Matches each line of the format; of a line that ends in an empty parameter, with the space before it. */
export function patternOf(format: string): RegExp {
  const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`^${templateOf(format).split('<*>').map(literal).join('.*')}$`, 'su');
}

/** What a statement and those that follow it have in common, by parameter. */
export type Shared = Map<string, string>;

/** A line of the format. `values`: the system's own parameters. */
export function fill(
  format: string,
  random: Random,
  values: Readonly<Record<string, readonly string[]>>,
  shared: Shared,
  depth = 0,
): string {
  if (depth > DEPTH_MAX) throw new Error(`a parameter of ${format} contains itself`);
  return exchange(format, (parameter) => {
    const isShared = parameter.endsWith('@');
    const known = isShared ? shared.get(parameter) : undefined;
    if (known !== undefined) return known;

    const [name, ...rest] = (isShared ? parameter.slice(0, -1) : parameter).split(':');
    const argument = rest.join(':');
    const own = values[name!];
    const text =
      own !== undefined ? oneOf(own, random) : name === 'list' ? list(argument, random) : make(name!, argument, random);
    const made = fill(text, random, values, shared, depth + 1);
    if (isShared) shared.set(parameter, made);
    return made;
  });
}

/** Earlier ones more often: half of what people and machines do is done by a few of them. */
function oneOf(from: readonly string[], random: Random): string {
  return from[Math.floor(random() ** 1.7 * from.length)]!;
}

/** `name;0..4;, `: so many of a parameter, with that between them. */
function list(argument: string, random: Random): string {
  const [name, counts, separator] = argument.split(';') as [string, string, string];
  return Array.from({ length: between(counts, random) }, () => `{${name}}`).join(separator);
}

function between(range: string, random: Random): number {
  const [from, to] = range.split('..').map(Number) as [number, number];
  return from + Math.floor(random() * (to - from + 1));
}

const digits = (count: number, alphabet: string, random: Random): string =>
  Array.from({ length: count }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
const HEX = '0123456789abcdef';

function make(name: string, argument: string, random: Random): string {
  const whole = (range: string): string => String(between(range, random));
  switch (name) {
    // A value near the small end is as likely as one near the large: sizes and durations are so.
    case 'big':
      return String(Math.floor(10 ** (random() * (Number(argument || 7) || 7))));
    case 'int':
      return whole(argument || '0..999');
    case 'float': {
      const [range, places] = (argument || '0..100;2').split(';') as [string, string];
      const [from, to] = range.split('..').map(Number) as [number, number];
      return (from + random() * (to - from)).toFixed(Number(places));
    }
    case 'pad': {
      const [range, width] = argument.split(';') as [string, string];
      return whole(range).padStart(Number(width), '0');
    }
    case 'hex':
      return digits(Number(argument || 8), HEX, random);
    case 'HEX':
      return digits(Number(argument || 8), HEX.toUpperCase(), random);
    case 'one':
      return pick(random, alternatives(argument));
    case 'bool':
      return random() < 0.6 ? 'true' : 'false';
    // Sometimes nothing at all.
    case 'maybe':
      return random() < 0.5 ? argument : '';
    case 'ip':
      return pick(random, [
        '10.{int:0..9}.{int:0..40}.{int:1..254}',
        '192.168.{int:0..8}.{int:1..254}',
        '{int:11..203}.{int:0..255}.{int:0..255}.{int:1..254}',
      ]);
    case 'ip6':
      return pick(random, [
        'fe80::{hex:4}:{hex:4}:{hex:4}:{hex:4}',
        '2001:db8:{hex:2}::{hex:3}',
        '::1',
        'fd00:{hex:4}:{hex:3}::{int:1..99}',
      ]);
    case 'port':
      return whole('1024..65535');
    case 'ipport':
      return '{ip}:{port}';
    case 'mac':
      return '{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}';
    case 'uuid':
      return '{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}';
    case 'dur':
      return pick(random, [
        '{int:1..999}ms',
        '{float:0..60;1}s',
        '{int:1..59}m{int:0..59}s',
        '{float:0..999;3}ms',
        '{int:2..30}s',
      ]);
    case 'size':
      return pick(random, ['{int:1..999}B', '{float:1..999;1}KiB', '{int:1..900}MiB', '{float:1..9;2}GiB']);
    case 'day':
      return '2026-{pad:1..12;2}-{pad:1..28;2}';
    case 'clock':
      return '{pad:0..23;2}:{pad:0..59;2}:{pad:0..59;2}';
    default:
      throw new Error(`no parameter is called ${name}`);
  }
}
