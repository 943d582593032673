import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SummaryPage } from '../../../../src/orchestrator/reports/documents/page.ts';
import { summaryPage } from '../../../../src/orchestrator/reports/documents/summary-page.ts';
import { reportWords } from '../../../../src/orchestrator/reports/words/index.ts';
import { sourceFiles } from '../../../repository/sources.ts';
import { sampleDay, samplePeriod } from '../../../support/report-samples.ts';

const REPORTS = 'src/orchestrator/reports';
/** Files that are there to have words, and the letters that Hebrew numbers are written with. */
const MESSAGES = /\/words\/(?:[a-z-]+-)?(?:en|he|hebrew-date)\.ts$/;
/** Errors are for operators, in English. */
const ERRORS = /\/(?:typeset|font-coverage)\.ts$/;

test('code of the documents has no words of its own', () => {
  const files = sourceFiles(`${REPORTS}/{documents,words}/**/*.ts`).filter(
    ({ file }) => !MESSAGES.test(file) && !ERRORS.test(file),
  );
  assert.ok(files.length > 10);

  const found = files.flatMap(({ file, code }) =>
    literalsOf(code)
      .filter((text) => isProse(text))
      .map((text) => `${file}: ${text}`),
  );

  assert.deepEqual(found, []);
});

test('layouts have no words at all', () => {
  const files = sourceFiles(`${REPORTS}/documents/*.typ`);
  assert.ok(files.length >= 2);

  for (const { file, text } of files) {
    const code = text.replace(/(^|\s)\/\/.*$/gm, '$1');
    const strings = [...code.matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
    const known = new Set(['JetBrains Mono', 'brief.typ']);
    assert.deepEqual(
      strings.filter((string) => !known.has(string) && /\p{L}+\s+\p{L}+/u.test(string)),
      [],
      file,
    );
    // Within brackets stands what is shown as it is, but for what follows a # (code).
    const shown = [...code.replace(/"[^"]*"/g, '""').matchAll(/\[((?:[^[\]]|\[[^[\]]*\])*)\]/g)].map((match) =>
      match[1]!.replace(/#(?:[\w.-]+(?:\((?:[^()]|\([^()]*\))*\))*(?:\[[^\]]*\])?)/g, ''),
    );
    assert.deepEqual(
      shown.filter((text) => /\p{L}/u.test(text)),
      [],
      file,
    );
  }
});

test('a Hebrew page has no English words but names', () => {
  const names =
    /^(?:Nervesys|AI|Git|UTC|CRITICAL|ERROR|WARN|nervesys|doctor|storage|yaml|Asia|Jerusalem|kB|MB|GB|M|B)$/;

  for (const facts of [sampleDay('bad'), sampleDay('empty'), sampleDay('thousand-agents'), samplePeriod('monthly')]) {
    const fromFacts = JSON.stringify({ ...facts, form: undefined });
    const words = textsOf(summaryPage(facts, reportWords('he')))
      .flatMap((text) => text.match(/[A-Za-z]+/g) ?? [])
      .filter((word) => !names.test(word) && !fromFacts.includes(word));
    assert.deepEqual([...new Set(words)], []);
  }
});

test('an English page has no Hebrew letters but those of the facts', () => {
  for (const facts of [sampleDay('bad'), sampleDay('empty'), samplePeriod('weekly')])
    assert.deepEqual(
      textsOf(summaryPage(facts, reportWords('en'))).filter((text) => /[\u0590-\u05ff]/.test(text)),
      [],
    );
});

test('Hebrew has one word for each idea, on pages, in documents and in alerts', () => {
  const files = sourceFiles(
    'src/{dashboard/messages,orchestrator/alerts/messages,orchestrator/reports/**}/*.ts',
  ).filter(({ text }) => /[\u05d0-\u05ea]/.test(text));
  assert.ok(files.length >= 5);
  const others: readonly (readonly [word: RegExp, instead: string])[] = [
    [/אורקסטרטור/, 'שרת התזמור'],
    [/טופלה|(?<!התרעה )נסגרה|נסגרו|הסתיימה מעצמה|חלפה מעצמה/, 'נפתרה'],
    [/מושבת/, 'למטה: מושבת הוא מה שהושבת בכוונה'],
    [/הפצת תצורה|הפצות/, 'פריסה'],
    [/נראה על ידי/, 'בטיפול של'],
    [/(?<![א-ת])ה?מנות(?![א-ת])/, 'אצוות'],
    [/טוקנ/, 'אסימונים'],
    [/התראה|התראות/, 'התרעה'],
  ];

  const found = files.flatMap(({ file, text }) =>
    others.filter(([word]) => word.test(text)).map(([word, instead]) => `${file}: ${word.source} is called ${instead}`),
  );

  assert.deepEqual(found, []);
});

/** Text of string literals and templates, without what is computed in them. */
function literalsOf(code: string): readonly string[] {
  const withoutImports = code.replace(/^(?:import|export)\b[^;]*\bfrom\s*'[^']*';/gm, '');
  return [...withoutImports.matchAll(/'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`/g)].map((match) =>
    (match[1] ?? match[2]!).replace(/\$\{[^}]*\}/g, '0'),
  );
}

/** Two words in a row, a word with a capital letter, or any Hebrew letter. */
function isProse(text: string): boolean {
  return /\p{L}{2,}\s+\p{L}{2,}/u.test(text) || /^[A-Z][a-z]+/.test(text) || /[\u05d0-\u05ea]/.test(text);
}

/** All that a page shows; keys of its structure and the charts (which have their own messages) are left out. */
function textsOf({ masthead, headline, verdict, version, numbers, sections, notes, footer }: SummaryPage): string[] {
  const texts: string[] = [];
  const visit = (value: unknown, key = ''): void => {
    if (typeof value === 'string' && !['type', 'look', 'sign', 'svg', 'alt', 'title'].includes(key)) texts.push(value);
    else if (Array.isArray(value)) for (const one of value) visit(one);
    else if (typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value)) visit(one, name);
  };
  visit([masthead, headline, verdict, version, numbers, sections, notes, footer]);
  return texts;
}
