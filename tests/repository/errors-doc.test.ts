import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorEntry } from '../../src/contract/error-codes.ts';
import { ROOT, sourceFiles } from './sources.ts';

const DOCUMENT = path.join(ROOT, 'docs/ERRORS.md');

test('docs/ERRORS.md lists exactly the codes of the catalogue (UPDATE=1 writes it)', () => {
  const expected = errorsDocument(ERROR_CODES);
  if (process.env['UPDATE'] === '1') writeFileSync(DOCUMENT, expected);

  assert.equal(readFileSync(DOCUMENT, 'utf8'), expected, 'run UPDATE=1 npm test -- errors-doc');
});

test('every code in the sources is in the catalogue, and every code of the catalogue is used', () => {
  const used = new Set<string>();
  for (const { file, code } of sourceFiles())
    if (file !== 'src/contract/error-codes.ts')
      for (const [found] of code.matchAll(/\bNSV_[A-Z]+(?:_[A-Z]+)*\b/g)) used.add(found);

  assert.deepEqual(
    [...used].filter((code) => !(code in ERROR_CODES)),
    [],
  );
  assert.deepEqual(
    Object.keys(ERROR_CODES).filter((code) => !used.has(code)),
    [],
  );
});

function errorsDocument(codes: Readonly<Record<string, ErrorEntry>>): string {
  const rows = Object.keys(codes)
    .sort()
    .map((code) => {
      const { meaning, remedy, status } = codes[code]!;
      return `| \`${code}\` | ${status ?? ''} | ${meaning} | ${remedy} |`;
    });
  return `# Errors

Every expected failure carries a stable code. Over HTTP it comes as a problem document (RFC 9457, \`application/problem+json\`) with
\`code\`, \`detail\` and \`hint\`; on the command line as \`error: …\` with the code and a hint; in logs as \`errorCode\`. A code that was
retired is never used again.

This page is written from \`src/contract/error-codes.ts\` by \`UPDATE=1 npm test -- errors-doc\`, and a test keeps both equal.

| code | HTTP | meaning | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
