import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lexicon, PHRASE_CLASSES, type PhraseClass } from '../../../../src/agent/edge-ai/scorer/classes.ts';
import { PhraseIndex } from '../../../../src/agent/edge-ai/scorer/phrases.ts';
import { Tokens } from '../../../../src/agent/edge-ai/scorer/tokens.ts';

function lexicon(phrases: Partial<Record<PhraseClass, string>>): Lexicon {
  const empty = Object.fromEntries(PHRASE_CLASSES.map((name) => [name, ''])) as Record<PhraseClass, string>;
  return { ...empty, ...phrases };
}

/** The class and the words of the phrase at the text's first word. */
function find(phrases: Partial<Record<PhraseClass, string>>, text: string): string | undefined {
  const tokens = new Tokens();
  tokens.read(text, true);
  const index = new PhraseIndex([lexicon(phrases)]);
  index.read(tokens);
  const match = index.matchAt(0);
  return match && `${PHRASE_CLASSES[match.phraseClass]}: ${tokens.words.slice(0, match.end).join(' ')}`;
}

test('the phrase with more words wins over a shorter one', () => {
  const phrases = { failure: 'failed', connectivity: 'failed to connect' };

  assert.equal(find(phrases, 'failed to connect'), 'connectivity: failed to connect');
  assert.equal(find(phrases, 'failed to start'), 'failure: failed');
});

test('of equally long ones, what takes trouble back wins', () => {
  assert.equal(find({ error: 'error log', mention: 'error log' }, 'error log'), 'mention: error log');
});

test('a gap stands for up to three words', () => {
  const phrases = { down: 'host ~ down' };

  assert.equal(find(phrases, 'host down'), 'down: host down');
  assert.equal(find(phrases, 'host a b c down'), 'down: host a b c down');
  assert.equal(find(phrases, 'host a b c d down'), undefined);
});

test('a gap reaches neither over the end of a clause nor over a “no”', () => {
  const phrases = { down: 'host ~ down' };

  assert.equal(find(phrases, 'host a up, b down'), undefined);
  assert.equal(find(phrases, 'host is not down'), undefined);
});

test('a # means any number, and a number in a phrase that one', () => {
  const phrases = { crash: 'signal 11', intended: 'signal 15', aborted: 'signal #' };

  assert.equal(find(phrases, 'signal 11'), 'crash: signal 11');
  assert.equal(find(phrases, 'signal 15'), 'intended: signal 15');
  assert.equal(find(phrases, 'signal 4'), 'aborted: signal 4');
  assert.equal(find(phrases, 'signal x'), undefined);
});

test('a phrase that begins with a gap is refused', () => {
  assert.throws(() => new PhraseIndex([lexicon({ down: '~ down' })]), /must begin with a word/);
});
