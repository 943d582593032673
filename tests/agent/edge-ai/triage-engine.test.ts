import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conclusion } from '../../../src/agent/edge-ai/conclusion.ts';
import { Corrections } from '../../../src/agent/edge-ai/corrections.ts';
import type { TriageJudgement } from '../../../src/agent/edge-ai/triage-engine.ts';
import { withVerdict } from '../../../src/agent/judging.ts';
import type { TemplateMark } from '../../../src/contract/triage.ts';
import { covers, engineWith, idOf, NOON, NumbersMiner, record, scanned, WordScorer } from './triaged.ts';

const verdicts = ({ kept }: TriageJudgement) =>
  kept.map(({ json }) => (JSON.parse(`{${json}`) as { triage?: unknown }).triage);

function corrected(marks: Readonly<Record<string, TemplateMark>>): Corrections {
  const corrections = new Corrections(covers);
  const all = Object.entries(marks).map(([text, mark]) => ({ template: idOf(text), text, mark }));
  corrections.use({ tag: 't', corrections: all });
  return corrections;
}

test('a record that people are to be told of gets a verdict with its reason; all others go on as they are', async () => {
  const engine = await engineWith();
  const records = [scanned({ message: 'fine 1' }), scanned({ message: 'broken 2' }), record({ message: 'fine 3' })];

  const judgement = engine.judge(records, NOON);

  assert.deepEqual(verdicts(judgement), [
    undefined,
    {
      severity: 'critical',
      tier: 'scorer',
      template: idOf('broken <*>'),
      score: 0.9,
      reason: 'says "broken"',
    },
    undefined,
  ]);
  assert.equal(judgement.kept[0], records[0]);
  assert.equal(judgement.kept[2], records[2]);
  assert.equal(judgement.kept[1]!.json.slice(0, records[1]!.json.length - 1), records[1]!.json.slice(0, -1));
  assert.equal(engine.counts.judged, 3);
});

test('records of which nobody is told go on as the very list that came', async () => {
  const engine = await engineWith();
  const records = [scanned({ message: 'fine' }), scanned({ message: 'fine, too' })];

  assert.equal(engine.judge(records, NOON).kept, records);
});

test('the scorer is asked once for a template and a level, also once the template has become more general', async () => {
  const [miner, scorer] = [new NumbersMiner(), new WordScorer()];
  const engine = await engineWith({ miner, scorer });
  const both = [
    record({ message: 'broken 1' }),
    record({ message: 'broken 2' }),
    record({ message: 'x', level: 'WARN' }),
  ];

  engine.judge([...both, record({ message: 'broken 3', level: 'ERROR' })], NOON);
  engine.judge(both, NOON);
  // What it is asked to find out whether figures decide holds a 0 or a 7.
  const askedOfLines = () => scorer.asked.filter(({ message }) => !/ [07]$/.test(message)).length;
  const before = askedOfLines();
  miner.place('broken 4', NOON).become('broken <*> <*>');
  engine.judge(both, NOON);

  assert.equal(before, 3);
  assert.equal(askedOfLines(), 3);
});

test('what people said of a template goes before the scorer', async () => {
  const corrections = corrected({ 'broken <*>': 'ordinary', 'fine <*>': 'alert' });
  const scorer = new WordScorer();
  const engine = await engineWith({ corrections, scorer });

  const judged = verdicts(engine.judge([record({ message: 'broken 1' }), record({ message: 'fine 1' })], NOON));

  assert.equal(judged[0], undefined);
  assert.equal((judged[1] as { tier: string }).tier, 'correction');
  assert.equal(scorer.asked.length, 0);
});

test('a correction finds a template by an older id and by texts that cover each other, and holds at once', async () => {
  const miner = new NumbersMiner();
  const corrections = new Corrections(covers);
  const engine = await engineWith({ miner, corrections });
  const told = (message: string) => verdicts(engine.judge([record({ message })], NOON))[0] !== undefined;
  miner.place('broken 1 alias', NOON).become('broken <*> <*>');
  const before = [told('broken 1 alias'), told('broken here 1'), told('broken there')];

  const all = ['broken <*> alias', 'broken <*> <*>'].map((text) => ({ template: idOf(text), text }));
  corrections.use({ tag: 'a', corrections: [{ ...all[0]!, mark: 'ordinary' }] });
  const byAlias = [told('broken 1 alias'), told('broken here 1'), told('broken there')];
  corrections.use({ tag: 'b', corrections: [{ ...all[1]!, mark: 'ordinary' }] });
  const byText = [told('broken 1 alias'), told('broken here 1'), told('broken there')];
  corrections.use({ tag: 'c', corrections: [] });
  const after = [told('broken 1 alias'), told('broken here 1'), told('broken there')];

  assert.deepEqual(before, [true, true, true]);
  assert.deepEqual(byAlias, [false, true, true]);
  assert.deepEqual(byText, [false, false, true]);
  assert.deepEqual(after, [true, true, true]);
});

test('what a rule has judged is left as it is, and so is an AI agent that is not to be judged', async () => {
  const engine = await engineWith({}, { enabled: false });
  const ruled = withVerdict(record({ message: 'broken' }), { severity: 'critical', rules: ['r'] });

  const off = engine.judge([record({ message: 'broken' })], NOON);
  const on = (await engineWith()).judge([ruled], NOON);

  assert.equal(verdicts(off)[0], undefined);
  assert.equal(on.kept[0], ruled);
  assert.deepEqual([off.templates[0], on.templates[0]?.text], [undefined, 'broken']);
});

test('of how a program ended people are told by its status, unless they said that they want to be', async () => {
  const corrections = new Corrections(covers);
  const engine = await engineWith({ corrections });
  const end = record({ message: 'broken after 2s', action: 'nervesys.exit', level: 'ERROR' });

  const before = engine.judge([end], NOON).hits.length;
  corrections.use({
    tag: 'a',
    corrections: [{ template: idOf('broken after <*>s'), text: 'broken after <*>s', mark: 'alert' }],
  });

  assert.equal(before, 0);
  assert.equal(engine.judge([end], NOON).hits.length, 1);
});

test('a judge that throws fails no record: it goes on without a verdict, and is counted', async () => {
  const miner = new NumbersMiner();
  const scorer = new WordScorer();
  const throwing = { score: () => assert.fail('out of order') };
  const broken = Object.assign(new NumbersMiner(), { place: () => assert.fail('out of order') });
  const records = [record({ message: 'broken 1' }), record({ message: 'fine' })];

  for (const parts of [
    { miner, scorer: throwing },
    { miner: broken, scorer },
  ]) {
    const engine = await engineWith(parts);
    const { kept } = engine.judge(records, NOON);
    assert.deepEqual([...kept], records);
    assert.equal(engine.counts.failed, 2);
  }
});

test('a judge that has gone slow lets the rest of an append go on unjudged', async () => {
  let ms = 0;
  const clock = { monotonic: () => ms };
  const scorer = {
    score: () => {
      ms += 100;
      return new WordScorer().score({ message: 'broken', template: '', level: 'INFO' });
    },
  };
  const engine = await engineWith({ clock, scorer });
  const records = Array.from({ length: 3_000 }, (_, n) => record({ message: `broken ${'x'.repeat(n % 100)} ${n}` }));

  const judgement = await engine.judgeInSlices(records, NOON, () => undefined);

  const told = verdicts(judgement).filter((verdict) => verdict !== undefined).length;
  assert.ok(told > 15 && told < 100, `${told} told`);
  assert.equal(engine.counts.late, 3_000 - engine.counts.judged);
  assert.equal(judgement.kept.length, 3_000);
  assert.equal(judgement.templates.length, 3_000);
});

test('many records are judged in slices, with the same outcome as at once', async () => {
  const records = Array.from({ length: 1_800 }, (_, n) =>
    record({ message: n % 7 === 0 ? `broken ${n}` : `fine ${n}` }),
  );
  let breaths = 0;

  const sliced = await (await engineWith()).judgeInSlices(records, NOON, () => {
    breaths++;
    return undefined;
  });
  const atOnce = (await engineWith()).judge(records, NOON);

  assert.ok(breaths >= 2);
  assert.deepEqual(sliced.kept, atOnce.kept);
  assert.deepEqual(sliced.hits.length, atOnce.hits.length);
});

test('a template in doubt is told to whoever wants to know, until its question is put', async () => {
  const miner = new NumbersMiner();
  const engine = await engineWith({ miner });
  const records = [record({ message: 'perhaps 1' })];

  const unasked = engine.judge([record({ message: 'perhaps not' })], NOON).doubts;
  engine.wantsDoubts = true;
  const refused = engine.judge(records, NOON).doubts; // the buffer is full, say
  const stored = engine.judge(records, NOON).doubts;
  Conclusion.of(miner.place('perhaps 1', NOON)).isInDoubt = true;
  const afterwards = engine.judge(records, NOON).doubts;

  assert.deepEqual(
    [unasked, refused, stored, afterwards].map((doubts) => doubts.map(({ message }) => message)),
    [[], ['perhaps 1'], ['perhaps 1'], []],
  );
});

test('what the model calls critical is told from then on, and nothing is written into its records; it lowers nothing', async () => {
  const miner = new NumbersMiner();
  const engine = await engineWith({ miner });
  engine.judge([record({ message: 'perhaps 1' }), record({ message: 'broken 1' })], NOON);

  engine.noteWord(miner.place('perhaps 2', NOON), { verdict: 'critical', reason: 'it is', name: 'm' });
  engine.noteWord(miner.place('broken 2', NOON), { verdict: 'ordinary', reason: 'it is not', name: 'm' });
  const { kept, hits } = engine.judge([record({ message: 'perhaps 3' }), record({ message: 'broken 3' })], NOON);
  miner.place('perhaps 2', NOON).become('perhaps');
  const after = engine.judge([record({ message: 'perhaps 4' })], NOON);

  assert.deepEqual(
    hits.map(({ verdict, word }) => [verdict.tier, verdict.reason, word?.verdict]),
    [
      ['model', 'it is', 'critical'],
      ['scorer', 'says "broken"', 'ordinary'],
    ],
  );
  assert.deepEqual(
    kept.map(({ json }) => json.includes('"triage"')),
    [false, true],
  );
  assert.equal(after.hits.length, 0); // it was said of another text
});
