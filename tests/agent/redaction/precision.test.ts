import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor, Suspects } from '../../../src/agent/redaction/index.ts';
import { REDACTION_DEFAULT } from '../../../src/contract/redaction.ts';
import { type CorpusLine, corpus, seeded } from './corpus.ts';

/*
 * How much is found, and how much of what is found is right, on lines that are filled with random credentials anew from a printed seed:
 * as a message, as a value deep in a context, and as JSON within a message.
 */

const SEED = Number(process.env['SEED'] ?? 20250115);
const TIMES = 6;
const LEAST = 0.98;

const redactor = new Redactor(REDACTION_DEFAULT);

interface Form {
  readonly name: string;
  readonly redact: (text: string) => string;
}

const FORMS: readonly Form[] = [
  { name: 'message', redact: (text) => redactor.redact(text, {})?.message ?? text },
  {
    name: 'context',
    redact: (text) => {
      const context = { step: 1, tool: { output: [text] } };
      const clean = redactor.redact('done', context, JSON.stringify(context))?.context ?? context;
      return (clean['tool'] as { output: [string] }).output[0];
    },
  },
  {
    name: 'JSON in a message',
    redact: (text) => {
      const message = JSON.stringify({ out: text });
      const clean = redactor.redact(message, {})?.message ?? message;
      return unescaped(clean);
    },
  },
];

function unescaped(json: string): string {
  try {
    return (JSON.parse(json) as { out: string }).out;
  } catch {
    return json; // a quote went with the secret
  }
}

test(`recall and precision are at least ${LEAST} on the corpus (seed ${SEED})`, (t) => {
  const random = seeded(SEED);
  const positives = corpus('positives.txt', TIMES, random);
  const negatives = corpus('negatives.txt', TIMES, random);

  for (const form of FORMS) {
    const missed = positives.filter(({ text, filled }) => isMissed(form.redact(text), filled));
    const wrong = negatives.filter(({ text }) => form.redact(text) !== text);
    const found = positives.length - missed.length;
    const recall = found / positives.length;
    const precision = found / (found + wrong.length);

    t.diagnostic(
      `${form.name}: recall ${recall.toFixed(4)}, precision ${precision.toFixed(4)} (${positives.length} with, ${negatives.length} without)`,
    );
    assert.ok(recall >= LEAST, `${form.name}: recall ${recall}; missed:\n${shown(missed)}`);
    assert.ok(precision >= LEAST, `${form.name}: precision ${precision}; wrong:\n${shown(wrong)}`);
    // Precision would look well with many positives: what is innocent must mostly stay by itself too.
    assert.ok(wrong.length / negatives.length <= 1 - LEAST, `${form.name}: ${wrong.length} wrong:\n${shown(wrong)}`);
  }
});

test('the quick look never passes over what the thorough one finds', () => {
  const random = seeded(SEED + 1);
  const lists = [
    'positives.txt',
    'field-positives.txt',
    'fresh-positives.txt',
    'late-positives.txt',
    'field-contexts.txt',
    'kinds-positives.txt',
    'shapes-positives.txt',
    'odds-positives.txt',
    'plain-positives.txt',
  ];
  for (const { text } of lists.flatMap((list) => corpus(list, TIMES, random))) {
    const context = { deep: [{ text }] };
    if (redactor.redact(text, {}) === undefined) continue;
    const json = JSON.stringify({ message: text, context });
    const line = Buffer.from(`{"message":"before"}\n${json}\n`);

    assert.ok(redactor.mayHold(text), text);
    assert.ok(redactor.mayHold(json), json);
    const suspects = new Suspects(line);
    assert.ok(!redactor.mayHoldBytes(0, 20, suspects));
    assert.ok(redactor.mayHoldBytes(21, line.length - 1, suspects), json);
  }
});

test('lines without a secret are mostly passed over by the quick look', () => {
  const negatives = corpus('negatives.txt', 1, seeded(SEED + 2));

  const looked = negatives.filter(({ text }) => redactor.mayHold(text));

  assert.ok(looked.length < negatives.length / 2, `${looked.length} of ${negatives.length}`);
});

test('what was redacted is left as it is when it comes by again', () => {
  const random = seeded(SEED + 3);
  const lists = ['', 'field-', 'fresh-', 'late-', 'kinds-', 'shapes-', 'odds-', 'plain-'].map(
    (list) => `${list}positives.txt`,
  );
  for (const { text } of lists.flatMap((list) => corpus(list, 1, random))) {
    const once = redactor.redactText(text);
    assert.equal(redactor.redactText(once), once);
  }
});

/** Any part of it that is long enough to be worth something. */
function isMissed(clean: string, filled: readonly string[]): boolean {
  return filled.some((secret) => {
    if (clean.includes(secret)) return true;
    const beginning = secret.slice(0, Math.ceil(secret.length * 0.75));
    const end = secret.slice(-Math.ceil(secret.length * 0.75));
    return secret.length >= 12 && (clean.includes(beginning) || clean.includes(end));
  });
}

function shown(lines: readonly CorpusLine[]): string {
  return lines
    .slice(0, 40)
    .map(({ text }) => `  ${text.slice(0, 200)}`)
    .join('\n');
}
