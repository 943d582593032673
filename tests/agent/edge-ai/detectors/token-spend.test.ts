import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetectorEngine, type DetectorHit } from '../../../../src/agent/edge-ai/detectors/index.ts';
import { TRIAGE_DEFAULT } from '../../../../src/contract/triage-settings.ts';
import { type At, hitsOf, type Item, recordsOf, START } from './transcripts.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const request = (tokens: number, id?: string): Item => ({
  after: 0,
  log: {
    body: 'claude_code.api_request',
    attributes: {
      'event.name': 'api_request',
      model: 'claude-opus-4',
      input_tokens: tokens - 100,
      output_tokens: 100,
      ...(id === undefined ? {} : { request_id: id }),
    },
  },
});

const at = (now: number, tokens: number): At => recordsOf('CLAUDE', [request(tokens)], now)[0]!;

/** Ten requests an hour, eight hours a day. */
function workingDays(days: number, tokensOfHour: (hour: number) => number, from = START): At[] {
  return Array.from({ length: days * 24 }, (_, hour) => hour)
    .filter((hour) => hour % 24 < 8)
    .flatMap((hour) =>
      Array.from({ length: 10 }, (_, n) => at(from + hour * HOUR_MS + n * 350_000, tokensOfHour(hour) / 10)),
    );
}

const usual = (hour: number) => 60_000 + (hour % 5) * 15_000;
const shown = (hits: readonly DetectorHit[]) =>
  hits.map(({ detector, isAgain }) => `${detector}${isAgain ? ' again' : ''}`);

test('an hour far above the habit of some days is told, with the figures', () => {
  const engine = new DetectorEngine();
  assert.deepEqual(hitsOf(workingDays(4, usual), TRIAGE_DEFAULT, engine), []);

  const burst = Array.from({ length: 20 }, (_, n) => at(START + 4 * DAY_MS + n * 60_000, 50_000));
  const hits = hitsOf(burst, TRIAGE_DEFAULT, engine);

  assert.deepEqual(shown(hits), ['token_spend', 'token_spend again']);
  assert.equal(hits[0]!.kind, 'ai.token_spend');
  const { tokens_of_the_hour: tokens, usual: habit, factor, model } = hits[0]!.detail as Record<string, number>;
  assert.ok(tokens! >= 5 * habit! && tokens! < 6 * habit!, `${tokens} against ${habit}`);
  assert.deepEqual([factor, model], [5, 'claude-opus-4']);
  assert.match(hits[0]!.title, /^It used \d+ thousand tokens within an hour, 5 times as many as usual$/);
});

test('before its habit is learnt, below the least, and for a habit of its own nothing is told', () => {
  const burst = (day: number, tokens: number) => [at(START + day * DAY_MS, tokens)];
  const after = (days: number, tokensOfHour: (hour: number) => number) => {
    const engine = new DetectorEngine();
    hitsOf(workingDays(days, tokensOfHour), TRIAGE_DEFAULT, engine);
    return engine;
  };

  assert.deepEqual(hitsOf(burst(1, 9_000_000), TRIAGE_DEFAULT, after(1, usual)), []);
  assert.deepEqual(
    hitsOf(
      burst(4, 190_000),
      TRIAGE_DEFAULT,
      after(4, () => 3_000),
    ),
    [],
  );
  const nightly = (hour: number) => (hour % 24 === 7 ? 3_000_000 : 60_000);
  assert.deepEqual(shown(hitsOf(workingDays(6, nightly), TRIAGE_DEFAULT, new DetectorEngine())), []);
});

test('one wild day is told and is no habit afterwards', () => {
  const engine = new DetectorEngine();
  hitsOf(workingDays(4, usual), TRIAGE_DEFAULT, engine);
  const wild = hitsOf(
    workingDays(1, () => 4_000_000, START + 4 * DAY_MS),
    TRIAGE_DEFAULT,
    engine,
  );
  hitsOf(workingDays(1, usual, START + 5 * DAY_MS), TRIAGE_DEFAULT, engine);

  const again = hitsOf(
    workingDays(1, () => 4_000_000, START + 6 * DAY_MS),
    TRIAGE_DEFAULT,
    engine,
  );

  assert.ok(wild.length > 0);
  assert.equal(again[0]?.detector, 'token_spend');
});

test('a habit outlives a restart; what was on disk may be anything', () => {
  const engine = new DetectorEngine();
  hitsOf(workingDays(4, usual), TRIAGE_DEFAULT, engine);
  const burst = Array.from({ length: 12 }, (_, n) => at(START + 4 * DAY_MS + n * 60_000, 50_000));

  assert.deepEqual(shown(hitsOf(burst, TRIAGE_DEFAULT, new DetectorEngine(engine.stored()))), ['token_spend']);
  assert.equal(new DetectorEngine(engine.stored()).stored(), engine.stored());
  for (const stored of [
    '',
    '{',
    '[]',
    'null',
    '{"version":2}',
    '{"version":1,"agents":[["CLAUDE",{"tokens":{"hours":7}}],3,["X",null]]}',
  ])
    assert.deepEqual(hitsOf(burst, TRIAGE_DEFAULT, new DetectorEngine(stored)), [], stored);
});

test('the same request told by a span and by an event counts once, and spans around it not at all', () => {
  const engine = new DetectorEngine();
  hitsOf(workingDays(4, usual), TRIAGE_DEFAULT, engine);
  const from = START + 4 * DAY_MS;
  const twice = Array.from({ length: 10 }, (_, n) => [request(30_000, `r${n}`), request(30_000, `r${n}`)]).flat();
  const around: Item = {
    after: 0,
    span: {
      name: 'invoke_agent coder',
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 5_000_000 },
    },
  };

  const hits = hitsOf(recordsOf('CLAUDE', [...twice, around], from), TRIAGE_DEFAULT, engine);

  assert.deepEqual(hits, []); // 300,000 are below five times the habit, 600,000 would not be
  assert.deepEqual(shown(hitsOf(recordsOf('CLAUDE', [request(300_000)], from), TRIAGE_DEFAULT, engine)), [
    'token_spend',
  ]);
});

test('a clock that is set back or far ahead makes no hour of many', () => {
  const engine = new DetectorEngine();
  hitsOf(workingDays(4, usual), TRIAGE_DEFAULT, engine);
  const from = START + 4 * DAY_MS;
  const jumping = [0, -3 * HOUR_MS, 40 * DAY_MS, 0, -DAY_MS].map((jump) => at(from + jump, 80_000));

  assert.deepEqual(hitsOf(jumping, TRIAGE_DEFAULT, engine), []);
});
