import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinearPattern, LinearPatternError } from '../../src/platform/linear-pattern.ts';
import { givenSeed, type Random, seededRandom } from '../support/random.ts';

const SAMPLES = [
  '',
  'a',
  'ab',
  'aab b',
  'EMP-123456 emp-1',
  'x=1;y=22',
  'foo.bar@baz',
  '\n\t ',
  'שלום 12',
  'aaaa',
  'abcabcd',
  'A-B_c',
  '1.2.3',
  '{}[]()',
];
const PATTERNS = [
  'a',
  'ab|a',
  'a|ab',
  'a+',
  'a+?b',
  '(?:ab|c)+',
  'a{2}',
  'a{1,3}',
  'a{2,}',
  '[a-c]+',
  '[^a-c]+',
  '\\d+',
  '\\w+',
  '\\s+',
  '\\bb\\b',
  '^a',
  'b$',
  '[\\d.]+\\d',
  '(a|b)(c|d)?',
  'EMP-\\d{6}',
  '\\W',
  '[א-ת]+',
  '\\u05e9',
  '.b',
  '[\\]}]',
  'a(?:b(?:c)?)?',
  '\\Bb',
  '[-a]+',
  'x?=',
  '\\.',
];

test('it finds what JavaScript finds', () => {
  for (const source of PATTERNS)
    for (const text of SAMPLES) {
      const expected = [...text.matchAll(new RegExp(source, 'g'))].map((match) => [
        match.index,
        match.index + match[0].length,
      ]);
      const { found } = new LinearPattern(source).findAll(text);
      assert.deepEqual(
        found.map(({ start, end }) => [start, end]),
        expected,
        `${source} on ${JSON.stringify(text)}`,
      );
    }
});

test('what may match between two characters is found there, though nothing is to be replaced', () => {
  for (const [source, text] of [
    ['\\b', 'a line'],
    ['(?:x|\\b)+', 'ab'],
    ['(?:\\d|\\b$)', '; a'],
  ] as const) {
    assert.equal(new LinearPattern(source).isIn(text), true, source);
    assert.deepEqual(new LinearPattern(source).findAll(text).found, [], source);
  }
  assert.equal(new LinearPattern('\\b').isIn('; ?'), false);
});

test('(?i) in front ignores case', () => {
  const { found } = new LinearPattern('(?i)emp-[a-f]').findAll('EMP-C emp-F Emp-g');

  assert.equal(found.length, 2);
  for (const source of ['über', 'ПРИВЕТ', '[а-я]х', 'σος', 'straße', '[^é]', 'שלום', 'k'])
    for (const text of ['ÜBER', 'привет', 'ЯХ', 'ΣΟΣ', 'STRASSE', 'É', 'שלום', '\u212a'])
      assert.equal(
        new LinearPattern(`(?i)${source}`).isIn(text),
        new RegExp(source, 'i').test(text),
        `${source} ${text}`,
      );
});

test('a character of two units is one: repeated as a whole, and refused where it would be taken apart', () => {
  const { found } = new LinearPattern('a😀{2}|🚀+').findAll('a😀😀 🚀🚀');

  assert.deepEqual(found, [
    { start: 0, end: 5 },
    { start: 6, end: 10 },
  ]);
  assert.throws(() => new LinearPattern('[😀😎]'), /in \[ \]; write them as \(\?:…\|…\)/);
});

test('what cannot be matched in linear time, or matches everywhere, is refused with a reason', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['(?=a)b', /look-around/],
    ['(a)\\1', /back-reference/],
    ['a*', /empty text/],
    ['', /empty text/],
    ['(a', /without its/],
    ['a)', /without its/],
    ['[a', /without its/],
    ['a{3,1}', /reversed/],
    ['a{1,1000}', /more than 256/],
    ['a**', /repetition/],
    ['*a', /nothing/],
    ['(?:a{200}){200}', /multiply/],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, /nested/],
  ];

  for (const [source, reason] of refused)
    assert.throws(
      () => new LinearPattern(source),
      (error) => error instanceof LinearPatternError && reason.test(error.message),
      source,
    );
});

test('patterns on which backtracking explodes take linear time', () => {
  for (const source of ['(?:a+)+$', '(?:a|aa)+b', '(?:a*a*)*b', '(?:x+x+)+y']) {
    const pattern = new LinearPattern(`${source}z`);
    const text = 'ax'.repeat(500) + 'a'.repeat(2_000) + 'x'.repeat(2_000);
    const startedAt = performance.now();

    pattern.findAll(text);

    assert.ok(performance.now() - startedAt < 1_000, source);
  }
});

test('a text that uses up the budget is said to be looked at no further', () => {
  const pattern = new LinearPattern('(?:a.{0,100}b.{0,99}[cd]|[^x]{1,90}y)!');

  const { exhausted } = pattern.findAll(randomText(seededRandom(1), 'abx', 20_000));

  assert.equal(exhausted, 0);
});

test('in long texts it finds what JavaScript finds, however many states that takes', () => {
  const random = seededRandom(givenSeed());
  let found = 0;
  for (const [source, letters] of [
    ['a.{0,9}b.{5}c!', 'abc'],
    ['a.{12}c!|^b+$', 'abcd!'],
    ['(?:ab|b.c|ca+.)+!\\B', 'abc!'],
    ['\\ba.?[bc]{1,4}\\b.[^ ]{7}$', 'abc \u05d0'],
    ['[\u05d0-\u05ea]{2}.{3,12}c\\b', 'ab -\u05d0\u05d1c'],
    ['a.{20}[bd]$', 'abcd'],
  ] as const) {
    const pattern = new LinearPattern(source);
    for (let round = 0; round < 40; round++) {
      const text = randomText(random, letters, Math.floor(random() * 1_500)) + (round % 3 === 0 ? 'abxxxxxc!' : '');
      const expected = new RegExp(source).test(text);
      if (expected) found++;

      assert.equal(pattern.isIn(text), expected, `${source} in ${JSON.stringify(text)}`);
    }
  }
  assert.ok(found > 50, String(found));
});

function randomText(random: Random, letters: string, length: number): string {
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('');
}

test('what a match must hold is told, and never keeps a match from being found', () => {
  const told = (source: string) => {
    const { texts, lowerCase } = new LinearPattern(source).required ?? {};
    return texts === undefined ? undefined : `${lowerCase ? 'i ' : ''}${texts.join(' ')}`;
  };
  const cases: readonly [source: string, required: string | undefined, matching: string][] = [
    ['timeout after \\d+ ms', 'timeout after ', 'a timeout after 3 ms'],
    ['(?i)Rate[ -]Limit|quota', 'i limit quota', 'RATE-LIMIT'],
    ['\\berror\\b: (?:disk|memory) full', 'error: ', 'error: disk full'],
    ['x(?:abcdef|ghijkl)', 'abcdef ghijkl', 'xghijkl'],
    ['(abc)?d', undefined, 'd'],
    ['(abc)+d', 'abc', 'abcabcd'],
    ['(?:abc){0,3}defg', 'defg', 'abcdefg'],
    ['ab|cdefg', undefined, 'ab'],
    ['[Rr]ate', 'i rate', 'Rate'],
    ['(?i)straße', undefined, 'STRAßE'],
    ['\\u05e9\\u05dc\\u05d5\\u05dd', 'שלום', 'אז שלום'],
  ];

  for (const [source, required, matching] of cases) {
    assert.equal(told(source), required, source);
    assert.ok(new LinearPattern(source).isIn(matching), source);
    assert.ok(!new LinearPattern(source).isIn('nothing of it'), source);
  }
});
