import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { patternOf, templateOf } from './format.ts';
import { formatStructured, generateLines, LINES_PER_SYSTEM, type Line } from './generate.ts';
import { SYSTEMS } from './index.ts';
import type { Statement } from './system.ts';

/** Fewer would say little about systems never seen. */
const TEMPLATES_LEAST = 600;
const ALERT_TEMPLATES_LEAST = 120;
/** Each way. With fewer, whoever looks at the level alone would seem to know. */
const LYING_LEVELS_LEAST = 20;
const ALERT_FREE_SYSTEMS_LEAST = 2;

const made = SYSTEMS.map((system) => ({ system, lines: generateLines(system) }));

/** Of all that is written of them. */
function digestOf(lines: readonly Line[]): string {
  const hash = createHash('sha256').update(formatStructured(lines));
  for (const { raw } of lines) hash.update(raw);
  return hash.digest('hex');
}

test('a system has the same lines each time', () => {
  for (const { system, lines } of made) {
    assert.equal(digestOf(generateLines(system)), digestOf(lines), system.name);
  }
});

test('each statement speaks, in lines of its own template and no other with the same text', () => {
  for (const { system, lines } of made) {
    assert.equal(lines.length, LINES_PER_SYSTEM, system.name);
    assert.deepEqual(new Set(lines.map(({ statement }) => statement)), new Set(system.statements), system.name);
    const templates = system.statements.map(({ format }) => templateOf(format));
    assert.equal(new Set(templates).size, templates.length, `${system.name} has a template twice`);

    for (const { raw, content, statement } of lines) {
      const pattern = patternOf(statement.format);
      // An empty parameter at the end leaves its space behind, which no file of lines keeps.
      assert.ok(pattern.test(content) || pattern.test(`${content} `), `${content} is not of ${statement.format}`);
      assert.ok(raw.endsWith(content) && raw.length > content.length, raw);
      assert.doesNotMatch(raw, /[\r\n\0]/);
    }
  }
});

test('a template has words of its own, so that its lines can be told from others', () => {
  for (const { system } of made) {
    for (const { format } of system.statements)
      assert.match(templateOf(format), /\p{L}{2}/u, `${system.name}: ${format}`);
  }
});

test('the structured form has one row a line, with an event for each statement', () => {
  for (const { system, lines } of made) {
    const rows = formatStructured(lines).trimEnd().split('\n');

    assert.equal(rows[0], 'LineId,Level,Component,Content,EventId,EventTemplate,Alert,AlertSource');
    assert.equal(rows.length, LINES_PER_SYSTEM + 1, system.name);
    rows.slice(1).forEach((row, index) => {
      assert.ok(row.startsWith(`${index + 1},`), row);
      assert.match(row, /,E\d+,.*,[01]?,author$/);
    });
  }
});

test('a few statements make most lines, and many make hardly any', () => {
  for (const { system, lines } of made) {
    const counts = new Map<Statement, number>();
    for (const { statement } of lines) counts.set(statement, (counts.get(statement) ?? 0) + 1);
    const sorted = [...counts.values()].sort((one, other) => other - one);

    const most = sorted.slice(0, Math.ceil(sorted.length / 4)).reduce((sum, count) => sum + count, 0);
    assert.ok(most > LINES_PER_SYSTEM * 0.6, `${system.name}: ${most}`);
    assert.ok(sorted.filter((count) => count <= 5).length >= sorted.length / 4, system.name);
  }
});

test('levels lie, as they do in life: trouble is told quietly, and the ordinary loudly', () => {
  const LOUD = /^(e|err|error|alert|crit|critical|fatal|שגיאה)$/i;
  const statements = SYSTEMS.flatMap((system) => system.statements).filter(({ level }) => level !== '');
  const loud = statements.filter(({ level, alert }) => LOUD.test(level) && alert === '0');
  const quiet = statements.filter(({ level, alert }) => !LOUD.test(level) && alert === '1');

  assert.ok(loud.length >= LYING_LEVELS_LEAST, String(loud.length));
  assert.ok(quiet.length >= LYING_LEVELS_LEAST, String(quiet.length));
});

test('there are statements enough, and systems where nothing is to be told', () => {
  const statements = SYSTEMS.flatMap((system) => system.statements);
  const quiet = SYSTEMS.filter((system) => system.statements.every(({ alert }) => alert !== '1'));

  assert.ok(statements.length >= TEMPLATES_LEAST, String(statements.length));
  assert.ok(statements.filter(({ alert }) => alert === '1').length >= ALERT_TEMPLATES_LEAST);
  assert.ok(quiet.length >= ALERT_FREE_SYSTEMS_LEAST);
  assert.equal(new Set(SYSTEMS.map(({ name }) => name)).size, SYSTEMS.length);
  assert.equal(new Set(SYSTEMS.map(({ seed }) => seed)).size, SYSTEMS.length);
});
