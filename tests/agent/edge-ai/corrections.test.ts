import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Corrections } from '../../../src/agent/edge-ai/corrections.ts';
import { covers } from '../../../src/agent/edge-ai/miner/covers.ts';
import { readCorrections } from '../../../src/agent/edge-ai/read-corrections.ts';
import { CORRECTIONS_MAX, type TemplateCorrection, type TemplateMark } from '../../../src/contract/triage.ts';
import { seededRandom } from '../../support/random.ts';
import { idOf, MutableTemplate, NOON } from './triaged.ts';

const correction = (text: string, mark: TemplateMark = 'ordinary'): TemplateCorrection => ({
  template: idOf(text),
  text,
  mark,
});

function holding(...all: readonly TemplateCorrection[]): Corrections {
  const corrections = new Corrections(covers);
  corrections.use({ tag: 'a', corrections: all });
  return corrections;
}

const markOf = (corrections: Corrections, text: string) => corrections.markOf(new MutableTemplate(text, NOON));

test('texts find each other where one covers the other, whichever is the more general', () => {
  const corrections = holding(correction('job <*> failed on <*>'), correction('<*> gave up', 'alert'));

  assert.equal(markOf(corrections, 'job backup failed on <*>'), 'ordinary');
  assert.equal(markOf(corrections, 'job <*> failed on AIGARDEN01'), 'ordinary');
  assert.equal(markOf(corrections, '<*> <*> failed on <*>'), 'ordinary');
  assert.equal(markOf(corrections, 'everybody gave up'), 'alert');
  assert.equal(markOf(corrections, 'job <*> failed'), undefined);
  assert.equal(markOf(corrections, 'work backup failed on <*>'), undefined);
});

test('of several that cover a template, one that says alert is heard; what was said of the very template goes first', () => {
  const corrections = holding(correction('aa <*> <*>'), correction('aa b <*>', 'alert'), correction('aa b c'));

  assert.equal(markOf(corrections, 'aa b d'), 'alert');
  assert.equal(markOf(corrections, 'aa c d'), 'ordinary');
  assert.equal(markOf(corrections, 'aa b c'), 'ordinary');
});

test('what was said of a template without a word of its own holds for that template alone', () => {
  const corrections = holding(correction('<*> <*>'), correction('<*>: <*> <*>'), correction('proxy restarts nightly'));

  assert.equal(markOf(corrections, '<*> <*>'), 'ordinary');
  assert.equal(markOf(corrections, 'database crashed'), undefined);
  assert.equal(markOf(corrections, 'sda: disk failed'), undefined);
  assert.equal(markOf(corrections, '<*> <*> <*>'), undefined);
  assert.equal(markOf(corrections, '<*> restarts nightly'), 'ordinary');
});

test('the index finds what comparing with all would find', () => {
  const random = seededRandom(7);
  const word = () => ['aa', 'bb', '<*>', 'xx=<*>', 'xx=1', 'cc'][Math.floor(random() * 6)]!;
  const text = () => Array.from({ length: 1 + Math.floor(random() * 4) }, word).join(' ');
  for (let n = 0; n < 300; n++) {
    const all = Array.from({ length: 12 }, () => correction(text(), random() < 0.5 ? 'alert' : 'ordinary'));
    const corrections = holding(...all);
    const given = text();
    const own = all.findLast((one) => one.text === given);
    const covering = all
      .filter((one) => [given, one.text].every((each) => /\w\w/.test(each)))
      .filter((one) => covers(one.text, given) || covers(given, one.text))
      .map(({ mark }) => mark);
    const expected = own?.mark ?? (covering.includes('alert') ? 'alert' : covering[0]);
    assert.equal(markOf(corrections, given), expected, JSON.stringify([given, all]));
  }
});

test('with as many corrections as there may be, a flood of new templates is still judged in passing', () => {
  const all = Array.from({ length: CORRECTIONS_MAX }, (_, n) => correction(`error in part ${n} of <*>: it went wrong`));
  const corrections = holding(...all);
  const startedAt = process.cpuUsage();

  for (let n = 0; n < 1_000; n++) markOf(corrections, `error in part x${n} of <*>: it went wrong`);

  const { user, system } = process.cpuUsage(startedAt);
  assert.ok((user + system) / 1_000 < 3_000, `${(user + system) / 1_000} ms for a thousand`);
});

test('what is no correction is left out of an answer, and what is no answer is none', () => {
  const good = correction('a');
  const bad = [
    { ...good, mark: 'maybe' },
    { ...good, template: 'x' },
    { ...good, text: 5 },
    null,
    7,
    { ...good, text: 'x'.repeat(2_001) },
  ];

  assert.deepEqual(readCorrections({ tag: 't', corrections: [...bad, good] }), { tag: 't', corrections: [good] });
  assert.equal(
    readCorrections({ tag: 't', corrections: Array(6_000).fill(good) })?.corrections.length,
    CORRECTIONS_MAX,
  );
  for (const value of [
    undefined,
    null,
    5,
    {},
    { tag: 5, corrections: [] },
    { tag: 't' },
    { tag: 'x'.repeat(999), corrections: [] },
  ])
    assert.equal(readCorrections(value), undefined);
});
