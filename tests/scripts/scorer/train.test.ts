import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { readExamples, readMaterial } from '../../../scripts/scorer/material.ts';
import { train } from '../../../scripts/scorer/train.ts';

const WEIGHTS = resolve(import.meta.dirname, '../../../src/agent/edge-ai/scorer/weights.ts');
const HEBREW_LETTER = /[\u05d0-\u05ea]/;
const examples = readMaterial();

test('the weights in the repository are those of a fresh training', () => {
  const text = readFileSync(WEIGHTS, 'utf8');

  assert.ok(text === train(examples), 'run node scripts/scorer/train.ts');
});

test('the weights fit into 64 KiB', () => {
  assert.ok(statSync(WEIGHTS).size <= 64 * 1_024);
});

test('the material holds thousands of lines, every tenth of them in Hebrew or more, and no line twice', () => {
  const messages = examples.map(({ message, level }) => `${level} ${message}`);

  assert.ok(examples.length >= 2_500);
  assert.ok(examples.filter(({ message }) => HEBREW_LETTER.test(message)).length >= 180);
  assert.ok(examples.filter(({ label }) => label === 'alert').length >= 900);
  assert.equal(new Set(messages).size, messages.length);
});

test('a line of material that isn’t one is refused by its number', () => {
  assert.throws(() => readExamples('x.tsv', '# head\nalert\tERROR\tfine\nalarm\tERROR\tno'), /x\.tsv:3/);
  assert.throws(() => readExamples('x.tsv', 'alert\tLOUD\tno'), /x\.tsv:1/);
});
