import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHRASE_CLASSES } from '../../../../src/agent/edge-ai/scorer/classes.ts';
import { type Findings, findPhrases } from '../../../../src/agent/edge-ai/scorer/findings.ts';
import { Tokens } from '../../../../src/agent/edge-ai/scorer/tokens.ts';

/** The classes found in a text, those in names in brackets. */
function classesOf(text: string): string[] {
  const tokens = new Tokens();
  const findings: Findings = { list: [], negated: 0 };
  tokens.read(text, true);
  findPhrases(tokens, findings);
  return findings.list.map(({ phraseClass, isName }) =>
    isName ? `(${PHRASE_CLASSES[phraseClass]})` : PHRASE_CLASSES[phraseClass]!,
  );
}

test('a word of trouble before a noun that is set up or counted is only mentioned', () => {
  assert.deepEqual(classesOf('lockup'), ['crash']);
  assert.deepEqual(classesOf('lockup simulator'), ['mention']);
  assert.deepEqual(classesOf('machine check: CPU handles 9 banks'), ['mention']);
});

test('the value of an option is an argument, that of a state is trouble', () => {
  assert.deepEqual(classesOf('oops=panic'), ['(crash)', '(crash)']);
  assert.deepEqual(classesOf('status=panic'), ['crash']);
});

test('what somebody named did is intended', () => {
  assert.deepEqual(classesOf('tram 4 aborted by noa'), ['intended']);
  assert.deepEqual(classesOf('tram 4 aborted by watchdog'), ['aborted']);
});

test('behind an expected error all trouble is its text', () => {
  assert.deepEqual(classesOf('expected error: out of memory'), ['intended', '(exhausted)']);
  assert.deepEqual(classesOf('error: out of memory'), ['error', 'exhausted']);
});

test('an exit with zero is no trouble, in JSON neither', () => {
  assert.deepEqual(classesOf('{"exitCode":139}'), ['crash']);
  assert.deepEqual(classesOf('{"exitCode":0}'), ['intended']);
});

test('trouble that is no longer seen is resolved', () => {
  assert.deepEqual(classesOf('duplicate address no longer seen'), ['wrong', 'resolved']);
  assert.deepEqual(classesOf('gateway no longer seen'), ['down']);
});

test('a “no” means the statement it stands in', () => {
  assert.deepEqual(classesOf('no answer but crashed'), ['down', 'crash']);
  assert.deepEqual(classesOf('not one crashed'), []);
});

test('a zero behind a thing of which there are many is its number', () => {
  assert.deepEqual(classesOf('chassis 0 lost'), ['failure']);
  assert.deepEqual(classesOf('packets: 0 lost'), ['mention']);
  assert.deepEqual(classesOf('active paths: 0'), ['down']);
  assert.deepEqual(classesOf('failed paths: 0'), ['mention']);
});

test('a plural in brackets is read as one', () => {
  assert.deepEqual(classesOf('5 read error(s)'), ['hardware']);
  assert.deepEqual(classesOf('0 crc error(s)'), []);
});

test('a quoted title is a name of something', () => {
  assert.deepEqual(classesOf('mail "Kernel panic" forwarded').slice(0, 1), ['(crash)']);
  assert.deepEqual(classesOf('console: "Kernel panic"'), ['crash']);
});
