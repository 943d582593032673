import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LineScores } from '../../../src/agent/edge-ai/line-scores.ts';
import { TemplateMiner } from '../../../src/agent/edge-ai/miner/index.ts';
import type { LineScorer, Score, ScoreInput } from '../../../src/agent/edge-ai/types.ts';

/** Says trouble where a text stands in the line; counts how often it was asked about lines that came. */
class WordScorer implements LineScorer {
  readonly asked: string[] = [];
  readonly #isTrouble: (message: string) => boolean;

  constructor(isTrouble: (message: string) => boolean) {
    this.#isTrouble = isTrouble;
  }

  score({ message }: ScoreInput): Score {
    this.asked.push(message);
    const isAlert = this.#isTrouble(message);
    return { score: isAlert ? 0.9 : 0.1, isAlert, isUnsure: false, reason: isAlert ? 'trouble' : 'none' };
  }
}

describe('scores of lines', () => {
  function judge(scorer: LineScorer, lines: readonly string[]): boolean[] {
    const miner = new TemplateMiner();
    const scores = new LineScores(scorer);
    return lines.map((message, index) => {
      const template = miner.place(message, index);
      return scores.scoreOf(message, undefined, miner.shape, () => template.text).isAlert;
    });
  }

  test('one score serves all later lines of a shape whose figures decide nothing', () => {
    const scorer = new WordScorer((message) => message.includes('broken'));

    const verdicts = judge(scorer, ['disk 1 is broken', 'disk 2 is broken', 'disk 44 is broken']);

    assert.deepEqual(verdicts, [true, true, true]);
    assert.equal(scorer.asked.filter((message) => /\b(2|44)\b/.test(message)).length, 0);
  });

  test('where a number alone makes the trouble, each line is scored by itself', () => {
    const scorer = new WordScorer((message) => /failed: [1-9]/.test(message));

    const verdicts = judge(scorer, ['failed: 0 of 12', 'failed: 4 of 12', 'failed: 0 of 9', 'failed: 1 of 9']);

    assert.deepEqual(verdicts, [false, true, false, true]);
  });

  test('where words were seen to differ, each line is scored by itself', () => {
    const scorer = new WordScorer((message) => message.includes('exploded'));
    const names = ['alpha', 'bravo', 'carol', 'delta', 'eagle', 'foxes', 'gamma', 'hotel', 'india', 'julia'];
    const lines = names.map((name) => `unit ${name} reports that all is well at the gate today`);

    const verdicts = judge(scorer, [...lines, 'unit exploded reports that all is well at the gate today']);

    assert.equal(verdicts.at(-1), true);
    assert.equal(verdicts.filter((isAlert) => isAlert).length, 1);
  });

  test('a level has a score of its own, and so have lines of which nobody said one', () => {
    const levels: (string | undefined)[] = [];
    const scorer: LineScorer = {
      score: ({ level }) => {
        levels.push(level);
        return { score: 0.1, isAlert: false, isUnsure: false, reason: '' };
      },
    };
    const scores = new LineScores(scorer);

    for (const level of ['ERROR', undefined, 'ERROR', undefined] as const)
      scores.scoreOf('all is well', level, 7, () => 'all is well');

    assert.deepEqual(levels, ['ERROR', undefined]);
  });

  test('text in quotes may decide, so each line with quotes is scored by itself', () => {
    const scorer = new WordScorer((message) => message.includes('"down"'));

    const verdicts = judge(scorer, ['state of link "up"', 'state of link "down"', 'state of link "up"']);

    assert.deepEqual(verdicts, [false, true, false]);
  });

  test('a flood of ever new shapes is forgotten, and what comes all the time is not', () => {
    const scorer = new WordScorer((message) => message.includes('broken'));
    const scores = new LineScores(scorer);

    for (let shape = 1; shape <= 20_000; shape++) {
      scores.scoreOf('a new text', undefined, shape, () => '');
      scores.scoreOf('the usual', undefined, 0, () => '');
    }

    assert.equal(scorer.asked.filter((message) => message === 'the usual').length, 1);
  });
});
