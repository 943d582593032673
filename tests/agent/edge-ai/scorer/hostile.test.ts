import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scorer } from '../../../../src/agent/edge-ai/scorer/scorer.ts';
import { TEXT_LENGTH_MAX } from '../../../../src/agent/edge-ai/scorer/tokens.ts';
import { LEVELS } from '../../../../src/contract/record.ts';

const scorer = new Scorer();
const LENGTH = 64 * 1_024;
/** What a line may cost at the worst, in µs of the processor: hundreds of times what it does, and far below what backtracking would cost. */
const WORST_MICROSECONDS = 100_000;

const HOSTILE: Readonly<Record<string, string>> = {
  empty: '',
  spaces: ' '.repeat(LENGTH),
  'one word': 'a'.repeat(LENGTH),
  'words of trouble': 'error failed cannot '.repeat(LENGTH / 20),
  'beginnings of phrases': 'no all is cannot '.repeat(LENGTH / 17),
  brackets: '[{(<'.repeat(LENGTH / 4),
  'equals signs': 'a='.repeat(LENGTH / 2),
  dots: 'a.'.repeat(LENGTH / 2),
  'turns of case': 'aB'.repeat(LENGTH / 2),
  apostrophes: "a'".repeat(LENGTH / 2),
  NUL: '\0'.repeat(LENGTH),
  'lone surrogates': '\ud800 \udfff '.repeat(LENGTH / 4),
  'combining marks': '\u05b0'.repeat(LENGTH),
  'names of prototypes': '__proto__ constructor toString hasOwnProperty valueOf ',
  digits: '0'.repeat(LENGTH),
  'numbers joined': '1:'.repeat(LENGTH / 2),
  'no letters at all': '§±•…—'.repeat(LENGTH / 5),
};

for (const [name, message] of Object.entries(HOSTILE)) {
  test(`a hostile line of ${name} is judged at once, without an error`, () => {
    for (const level of [undefined, ...LEVELS]) {
      const before = process.cpuUsage();
      const { score, reason } = scorer.score({ message, template: message, level });

      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < WORST_MICROSECONDS, `${user + system} µs`);
      assert.ok(score >= 0 && score <= 1);
      assert.ok(reason.length < 250);
    }
  });
}

test('random text is seldom an alert', () => {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const word = (): string => String.fromCharCode(...Array.from({ length: 3 + random(8) }, () => 97 + random(26)));
  const messages = Array.from({ length: 2_000 }, () => Array.from({ length: 4 + random(12) }, word).join(' '));

  const alerts = messages.filter((message) => scorer.score({ message, template: message, level: 'INFO' }).isAlert);

  assert.ok(alerts.length <= 10, `${alerts.length}: ${alerts[0]}`);
});

test('what stands behind the first thousand characters changes nothing', () => {
  const beginning = 'session opened '.repeat(100).slice(0, TEXT_LENGTH_MAX);
  const judged = (message: string): number => scorer.score({ message, template: '', level: undefined }).score;

  assert.equal(judged(`${beginning} kernel panic, out of memory`), judged(beginning));
});

test('a usual line costs microseconds', () => {
  const message = 'worker 12: could not reach 192.0.2.7:5432 (connection refused), next attempt in 5 s, 3 of 10';
  const once = (): void => void scorer.score({ message, template: message, level: 'WARN' });
  for (let round = 0; round < 2_000; round++) once();

  const before = process.cpuUsage();
  for (let round = 0; round < 5_000; round++) once();
  const { user, system } = process.cpuUsage(before);

  assert.ok((user + system) / 5_000 < 100, `${(user + system) / 5_000} µs a line`);
});
