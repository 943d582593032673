/**
 * Goal: whoever copies an example from docs/API.md gets what stands below it. Method: every shell example with curl in it is run, in its
 * order, against one running system, with only the addresses changed to those of this run; where a JSON example follows, the answer must have its
 * shape: the same fields, the same words; numbers, instants, ids and what `…` stands for may differ.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freshEnvironment, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/API.md');
/** Each of these groups of calls has an example. */
const GROUPS = [
  ['4318', ['/logs', '/v1/logs', '/agents/', '/status', '/buffer', '/flush', '/healthz', '/metrics']],
  [
    '7700',
    [
      '/fleet',
      '/history',
      '/events',
      '/alerts',
      '/acknowledge',
      '/templates',
      '/triage/corrections',
      '/archive',
      '/reports',
      '/logs',
      '/tokens',
      '/enroll',
      '/heartbeats',
      '/config',
      '/people',
      '/keys',
      '/session',
      '/revisions',
      '/rollout',
      '/audit',
      '/readyz',
      '/healthz',
      '/metrics',
      '/openapi.json',
    ],
  ],
] as const;

interface Example {
  readonly line: number;
  readonly script: string;
  /** JSON that stands right below it. */
  readonly answer: string | undefined;
}

function examplesIn(text: string): Example[] {
  return [...text.matchAll(/^```sh\n(.*?)^```\n(?:```json\n(.*?)^```\n)?/gms)]
    .map((match) => ({
      line: text.slice(0, match.index).split('\n').length + 1,
      script: match[1]!,
      answer: match[2],
    }))
    .filter(({ script }) => /\bcurl\b|\$HOME/.test(script));
}

const hasCurl = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test('every example in docs/API.md gives what stands below it', {
  skip: hasCurl ? false : 'curl is not installed',
  timeout: 120_000,
}, async (t) => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const examples = examplesIn(text);
  const home = await tempDir(t);
  const system = await RunningSystem.start(t, home, ['up', '--port', '0', '--agent-port', '0']);
  const server = JSON.parse(await system.cli('fleet', '--json')).servers[0].server as string;
  const here = (script: string) =>
    script
      .replaceAll('http://127.0.0.1:4318', system.agentUrl)
      .replaceAll('http://127.0.0.1:7700', system.address('orchestrator').url)
      .replaceAll('AIGARDEN01', server);

  let variables = '';
  for (const { line, script, answer } of examples) {
    const run = async (command: string) => {
      const { stdout } = await promisify(execFile)('sh', ['-euc', command], {
        env: freshEnvironment(home, { NERVESYS_HOME: home }),
        timeout: 30_000,
      });
      return stdout;
    };
    await t.test(
      `line ${line}: ${script
        .split('\n')
        .findLast((one) => one !== '')
        ?.slice(0, 80)}`,
      async () => {
        const printed = await run(here(variables + script));
        if (answer === undefined) return;
        const documented = answer
          .trim()
          .split('\n')
          .map((one) => JSON.parse(here(one)) as unknown);
        const given = printed
          .trim()
          .split('\n')
          .map((one) => JSON.parse(one) as unknown);
        // NDJSON has a value a line; one value may have been broken over several lines to be read.
        const complaints = compare(
          documented.length === 1 ? documented[0] : documented,
          given.length === 1 ? given[0] : given,
        );
        assert.deepEqual(complaints, [], printed.slice(0, 2_000));
      },
    );
    // What an example names stays named in the next ones, as in the shell of whoever copies them.
    variables += [...script.matchAll(/^([A-Z_]+=.*)$/gm)].map(([, one]) => `${one}\n`).join('');
  }

  for (const [port, paths] of GROUPS) {
    const missing = paths.filter(
      (path) => !examples.some(({ script }) => script.includes(`127.0.0.1:${port}`) && script.includes(path)),
    );
    assert.deepEqual(missing, [], `calls of port ${port} without an example`);
  }
});

const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const HEX = /^[0-9a-f]{12,}$/;

/** Where `given` hasn't the shape of `documented`. An object with the key `…` may have more keys; a list shows what its items are like. */
function compare(documented: unknown, given: unknown, at = '$'): string[] {
  if (documented === '…') return [];
  if (Array.isArray(documented)) {
    if (!Array.isArray(given)) return [`${at} is ${JSON.stringify(given)}, not a list`];
    if (documented.length > 0 && given.length === 0) return [`${at} is empty`];
    return documented.flatMap((one, i) => {
      const tries = given.map((item) => compare(one, item, `${at}[${i}]`));
      return tries.some((complaints) => complaints.length === 0) ? [] : tries[0]!;
    });
  }
  if (typeof documented === 'object' && documented !== null) {
    if (typeof given !== 'object' || given === null) return [`${at} is ${JSON.stringify(given)}, not an object`];
    const { '…': more, ...named } = documented as Record<string, unknown>;
    const keys = Object.keys(given);
    return [
      ...keys.filter((key) => more === undefined && !(key in named)).map((key) => `${at}.${key} is not documented`),
      ...Object.entries(named).flatMap(([key, value]) =>
        key in given ? compare(value, given[key as keyof typeof given], `${at}.${key}`) : [`${at} lacks ${key}`],
      ),
    ];
  }
  if (typeof documented === 'number' && typeof given === 'number') return [];
  if (typeof documented === 'string' && typeof given === 'string') {
    if (INSTANT.test(documented) && INSTANT.test(given)) return [];
    if (HEX.test(documented) && HEX.test(given)) return [];
    const pattern = documented
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${pattern}$`, 's').test(given) ? [] : [`${at} is ${JSON.stringify(given)}, not ${documented}`];
  }
  return documented === given ? [] : [`${at} is ${JSON.stringify(given)}, not ${JSON.stringify(documented)}`];
}
