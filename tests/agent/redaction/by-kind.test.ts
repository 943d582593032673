import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REDACTED_KEY, Redactor } from '../../../src/agent/redaction/index.ts';
import { PII_KINDS, REDACTION_DEFAULT } from '../../../src/contract/redaction.ts';
import { type CorpusLine, corpus, seeded } from './corpus.ts';
import { isRight, shown } from './judge.ts';

/*
 * The lists that are ordered by kind of credential, as a stranger would judge by: overall, and each kind by itself, so that many easy ones
 * don't hide a kind that is badly found. A text is looked at as a message, as a value deep in a context, and as JSON within a message; a line that is a
 * JSON object is a whole context. Personal data is judged with its kinds on.
 */

const SEED = Number(process.env['SEED'] ?? 11);
const LEAST = 0.98;
const LEAST_OF_A_KIND = 0.95;
/** Whole lines aren't to be taken; but a webhook's path goes with its end, and a cookie's neighbours may be cookies. */
const READABLE = 0.5;
const LISTS = ['kinds', 'shapes', 'odds', 'plain'];
const PERSONAL = /^(?:email|phone|iban|ilid|piineg)$/;

const usual = new Redactor(REDACTION_DEFAULT);
const personal = new Redactor({ ...REDACTION_DEFAULT, pii: PII_KINDS });

function inContext(redactor: Redactor, context: Record<string, unknown>): string {
  const clean = redactor.redact('m', context, JSON.stringify(context))?.context ?? context;
  return JSON.stringify({ ...clean, [REDACTED_KEY]: undefined });
}

/** What a line becomes, and what it would be had nothing been found. */
const FORMS: Readonly<
  Record<string, (line: CorpusLine, redactor: Redactor) => readonly [after: string, before: string]>
> = {
  'a message': ({ text }, redactor) => [redactor.redact(text, {})?.message ?? text, text],
  'a value of the context': ({ text }, redactor) => {
    const context = { steps: [{ tool: { output: text } }] };
    const clean = JSON.parse(inContext(redactor, context)) as typeof context;
    return [clean.steps[0]!.tool.output, text];
  },
  'JSON in a message': ({ text }, redactor) => {
    const message = JSON.stringify({ out: text });
    return [redactor.redact(message, {})?.message ?? message, message];
  },
};

function judged(line: CorpusLine, form: (typeof FORMS)[string]): readonly [after: string, before: string] {
  const redactor = PERSONAL.test(line.section) ? personal : usual;
  if (!line.text.startsWith('{"')) return form(line, redactor);
  const context = JSON.parse(line.text) as Record<string, unknown>;
  return [inContext(redactor, context), JSON.stringify(context)];
}

for (const [name, form] of Object.entries(FORMS)) {
  test(`each kind is found and the innocent left alone, as ${name} (seed ${SEED})`, (t) => {
    const random = seeded(SEED);
    const positives = LISTS.flatMap((list) => corpus(`${list}-positives.txt`, 1, random));
    const negatives = LISTS.flatMap((list) => corpus(`${list}-negatives.txt`, 1, random));

    const missed = positives.filter((line) => !isRight(judged(line, form)[0], line, READABLE));
    const wrong = negatives.filter((line) => {
      const [after, before] = judged(line, form);
      return after !== before;
    });

    const recall = 1 - missed.length / positives.length;
    const precision = (positives.length - missed.length) / (positives.length - missed.length + wrong.length);
    const kinds = [...Map.groupBy(positives, ({ section }) => section)].map(([kind, lines]) => {
      const found = lines.length - missed.filter(({ section }) => section === kind).length;
      return { kind, share: found / lines.length, said: `${kind} ${found}/${lines.length}` };
    });
    t.diagnostic(
      `recall ${recall.toFixed(4)}, precision ${precision.toFixed(4)} (${positives.length} with, ${negatives.length} without): ${kinds.map(({ said }) => said).join(', ')}`,
    );
    assert.ok(recall >= LEAST, `recall ${recall}; missed:\n${shown(missed)}`);
    assert.ok(precision >= LEAST, `precision ${precision}; wrong:\n${shown(wrong)}`);
    assert.ok(wrong.length / negatives.length <= 1 - LEAST, `${wrong.length} wrong:\n${shown(wrong)}`);
    const bad = kinds.filter(({ share }) => share < LEAST_OF_A_KIND);
    assert.deepEqual(bad, [], `missed:\n${shown(missed)}`);
  });
}
