import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsv } from '../../../src/commands/triage/csv.ts';

test('rows are read by the names of the first line, quoted fields with their commas, quotes and line feeds', () => {
  const text = '\ufeffa,b,c\r\n1,"x, ""y""\nz",\r\n"",p q,""\r\n';

  assert.deepEqual(parseCsv(text), [
    { a: '1', b: 'x, "y"\nz', c: '' },
    { a: '', b: 'p q', c: '' },
  ]);
});

test('rows of another length are left out, and the last line may lack its break', () => {
  assert.deepEqual(parseCsv('a,b\n1\n1,2,3\n1,2'), [{ a: '1', b: '2' }]);
  assert.deepEqual(parseCsv('a,b\n1,'), [{ a: '1', b: '' }]);
  assert.deepEqual(parseCsv(''), []);
  assert.deepEqual(parseCsv('a\n"never closed'), [{ a: 'never closed' }]);
});
