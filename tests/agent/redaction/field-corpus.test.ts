import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from '../../../src/agent/redaction/index.ts';
import { REDACTION_DEFAULT } from '../../../src/contract/redaction.ts';
import { type CorpusLine, corpus, seeded } from './corpus.ts';
import { isRight, shown } from './judge.ts';

/*
 * Lines as they come from the field, written without a look at the rules that find what they hold: shells, configuration files, headers, traces, people.
 * Judged more strictly than the first corpus: a credential is gone only when no six characters of it in a row are left, and what stands around it
 * has to be readable.
 */

const SEED = Number(process.env['SEED'] ?? 7);
const TIMES = 2;
const LEAST = 0.98;

const redactor = new Redactor(REDACTION_DEFAULT);

const FORMS: Readonly<Record<string, (text: string) => string>> = {
  'a message': (text) => redactor.redact(text, {})?.message ?? text,
  'a value of the context': (text) => {
    const context = { deep: [{ text }] };
    const clean = redactor.redact('m', context, JSON.stringify(context))?.context ?? context;
    return (clean as typeof context).deep[0]!.text;
  },
  'JSON in a message': (text) => {
    const message = JSON.stringify({ out: text });
    const clean = redactor.redact(message, {})?.message ?? message;
    try {
      return (JSON.parse(clean) as { out: string }).out;
    } catch {
      return clean; // a quote went with the secret
    }
  },
};

for (const [form, redact] of Object.entries(FORMS)) {
  for (const list of ['field', 'fresh', 'late']) {
    test(`of the ${list} list at least ${LEAST} is found and left alone, as ${form} (seed ${SEED})`, (t) => {
      const positives = corpus(`${list}-positives.txt`, TIMES, seeded(SEED));
      const negatives = corpus(`${list}-negatives.txt`, TIMES, seeded(SEED));

      const wrong = negatives.filter(({ text }) => redact(text) !== text);
      judge(t, positives, wrong, negatives.length, redact);
    });
  }
}

test(`of the contexts at least ${LEAST} come out without their credential (seed ${SEED})`, (t) => {
  const contexts = corpus('field-contexts.txt', TIMES, seeded(SEED));

  judge(t, contexts, [], 1, (text) => {
    const context = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify(redactor.redact('m', context, text)?.context ?? context);
  });
});

interface Reporter {
  diagnostic(message: string): void;
}

function judge(
  t: Reporter,
  positives: readonly CorpusLine[],
  wrong: readonly CorpusLine[],
  negatives: number,
  redact: (text: string) => string,
): void {
  const missed = positives.filter((line) => !isRight(redact(line.text), line));
  const found = positives.length - missed.length;
  const recall = found / positives.length;
  const precision = found / (found + wrong.length);
  t.diagnostic(
    `recall ${recall.toFixed(4)}, precision ${precision.toFixed(4)} (${positives.length} with, ${negatives} without)`,
  );

  assert.ok(recall >= LEAST, `recall ${recall}; missed:\n${shown(missed)}`);
  assert.ok(precision >= LEAST, `precision ${precision}; wrong:\n${shown(wrong)}`);
  assert.ok(wrong.length / negatives <= 1 - LEAST, `${wrong.length} wrong:\n${shown(wrong)}`);
}
