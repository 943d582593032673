#!/usr/bin/env node
/**
 * Stands in for Storj's `uplink` in tests, written from its documentation and as strict about flags: what it doesn't know it refuses. It keeps
 * grants in `access.json` of its `--config-dir` as the real one does; a grant is text here, and a restricted one says what it may.
 * What it was called with is appended to `calls.jsonl` beside this program's link, for the test to read.
 */
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const VALUE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  restrict: ['access', 'import-as', 'export-to', 'prefix', 'not-before', 'not-after', 'max-object-ttl'],
  register: ['auth-service', 'ca-cert', 'format', 'aws-profile'],
};
const BOOLEAN_FLAGS: Readonly<Record<string, readonly string[]>> = {
  restrict: [
    'force',
    'use',
    'readonly',
    'writeonly',
    'disallow-deletes',
    'disallow-lists',
    'disallow-reads',
    'disallow-writes',
  ],
  register: ['public'],
};
const GLOBAL_VALUE_FLAGS = ['config-dir'];
const GLOBAL_BOOLEAN_FLAGS = ['interactive'];

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const [group, command = '', ...rest] = process.argv.slice(2);
if (group !== 'access' || !(command in VALUE_FLAGS)) fail(`unknown subcommand: "${group} ${command}"`);
const flags = new Map<string, string>();
const positional: string[] = [];
for (let i = 0; i < rest.length; i++) {
  const word = rest[i]!;
  if (!word.startsWith('--')) {
    positional.push(word);
    continue;
  }
  const [name = '', given] = word.slice(2).split(/=(.*)/s, 2);
  if ([...BOOLEAN_FLAGS[command]!, ...GLOBAL_BOOLEAN_FLAGS].includes(name)) {
    if (given !== undefined && given !== 'true' && given !== 'false') fail(`argument error: ${name}: invalid syntax`);
    flags.set(name, given ?? 'true');
  } else if ([...VALUE_FLAGS[command]!, ...GLOBAL_VALUE_FLAGS].includes(name)) {
    const value = given ?? rest[++i];
    if (value === undefined) fail(`argument error: ${name}: expected value`);
    flags.set(name, value);
  } else fail(`argument error: unknown flag: ${name}`);
}

const folder = flags.get('config-dir') ?? fail('this stand-in has no home: --config-dir is needed');
const own = dirname(process.argv[1]!);
const modes = [folder, ...readdirSync(folder).map((file) => join(folder, file))].map(
  (path) => statSync(path).mode & 0o777,
);
const call = { args: process.argv.slice(2), environment: Object.keys(process.env).sort(), modes };
appendFileSync(join(own, 'calls.jsonl'), `${JSON.stringify(call)}\n`);
if (!readdirSync(folder).includes('config.ini')) fail('required user input in non-interactive setting');

const file = join(folder, 'access.json');
const saved = JSON.parse(readFileSync(file, 'utf8')) as { Default: string; Accesses: Record<string, string> };
const named = command === 'restrict' ? flags.get('access') : positional[0];
const grant = saved.Accesses[named ?? saved.Default] ?? fail(`Cannot find access named "${named}" in saved accesses`);
if (!grant.startsWith('grant-')) fail(`invalid access: ${grant}`);

if (command === 'restrict') {
  if (positional.length > 0) fail(`argument error: unexpected argument ${positional[0]}`);
  const is = (flag: string, byDefault = false) => (flags.get(flag) ?? String(byDefault)) === 'true';
  const prefix = flags.get('prefix') ?? '';
  if (!/^sj:\/\/[a-z0-9.-]+\/\S*$/.test(prefix))
    fail(`argument error: prefix: invalid prefix: must be remote: "${prefix}"`);
  const after = /^\+((?:\d+(?:h|m|s))+)$/.exec(flags.get('not-after') ?? '');
  if (after === null) fail('argument error: not-after: invalid relative date');
  const restricted = {
    upload: !is('readonly', true) && !is('disallow-writes'),
    delete: !is('readonly', true) && !is('disallow-deletes'),
    read: !is('writeonly') && !is('disallow-reads'),
    list: !is('writeonly') && !is('disallow-lists'),
    prefix,
    after: after[1],
  };
  const name = flags.get('import-as') ?? fail('this stand-in only imports');
  if (name in saved.Accesses && !is('force')) fail(`Access "${name}" already exists.`);
  saved.Accesses[name] = `grant-${Buffer.from(JSON.stringify(restricted)).toString('hex')}`;
  writeFileSync(file, JSON.stringify(saved, undefined, '\t'), { mode: 0o600 });
  process.stdout.write(`Imported access "${name}" to "${file}"\n${saved.Accesses[name]}\n`);
} else {
  if (flags.get('format') !== 'env') fail('this stand-in knows --format=env alone');
  const may = JSON.parse(Buffer.from(grant.slice('grant-'.length), 'hex').toString('utf8'));
  appendFileSync(join(own, 'registered.jsonl'), `${JSON.stringify({ may, service: flags.get('auth-service') })}\n`);
  process.stdout.write('# Your trial account credentials will expire at 2006-01-02 15:04:05.\n');
  process.stdout.write(
    'AWS_ACCESS_KEY_ID=jregistered\nAWS_SECRET_ACCESS_KEY=jsecretregistered\nAWS_ENDPOINT=https://gateway\n',
  );
}
