import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../../support/temp-dir.ts';
import { runNervesys } from '../run-nervesys.ts';

const HEAD = 'LineId,Level,Content,EventId,EventTemplate,Alert';
const ROWS = [
  '1,INFO,"lent a connection to 10.0.0.1:80, ""blue"" pool",E1,x,0',
  '2,INFO,"lent a connection to 10.0.0.2:81, ""blue"" pool",E1,x,0',
  '3,CRITICAL,pool is empty,E2,pool is empty,1',
  '4,INFO,took 5 ms,E3,took <*> ms,',
  '5,INFO,took 7 ms,E4,took <*> ms,',
];
const LINES = [
  '2026-01-02 03:04:05 INFO [a] com.example.Pool: lent a connection to 10.0.0.1:80, "blue" pool',
  '2026-01-02 03:04:06 INFO [b] com.example.Pool: lent a connection to 10.0.0.2:81, "blue" pool',
  '2026-01-02 03:04:07 CRITICAL [a] com.example.Pool: pool is empty',
  '2026-01-02 03:04:08 INFO [a] com.example.Pool: took 5 ms',
  '2026-01-02 03:04:09 INFO [a] com.example.Pool: took 7 ms',
];

async function sets(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await tempDir(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name.split('_')[0]!), { recursive: true });
    await writeFile(join(folder, name.split('_')[0]!, name), text);
  }
  return folder;
}

test('triage eval scores groups and alerts, and writes what it said of each line', async (t) => {
  const folder = await sets(t, { 'Pools_2k.structured.csv': `${HEAD}\n${ROWS.join('\n')}\n` });
  const out = join(folder, 'out');

  const { code, stdout, stderr } = await runNervesys(['triage', 'eval', folder, '--out', out, '--json']);

  assert.deepEqual([code, stderr], [0, '']);
  const { systems } = JSON.parse(stdout.toString());
  const { scores } = systems[0];
  // E3 and E4 read alike: their two lines are one group made, which is neither.
  assert.deepEqual([scores.groupingAccuracy, scores.groups, scores.trueGroups], [0.6, 3, 4]);
  assert.equal(scores.groupF1.toFixed(3), ((2 * (2 / 3) * (2 / 4)) / (2 / 3 + 2 / 4)).toFixed(3));
  const { hits, falseAlarms, misses, rejections } = scores.alertsByLine;
  assert.equal(hits + misses + falseAlarms + rejections, 3, 'borderline lines are not scored');
  const said = (await readFile(join(out, 'Pools.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    said.map(({ line }) => line),
    [1, 2, 3, 4, 5],
  );
  assert.equal(said[0].template_id, said[1].template_id);
  assert.notEqual(said[0].template_id, said[2].template_id);
  assert.equal(said[2].template, 'pool is empty');
  for (const { alert, score } of said) assert.deepEqual([typeof alert, typeof score], ['boolean', 'number']);
});

test('triage eval --raw reads whole lines, and needs no CSV', async (t) => {
  const folder = await sets(t, { 'Pools_2k.log': `${LINES.join('\r\n')}\r\n` });
  const out = join(folder, 'out');

  const { code, stdout } = await runNervesys(['triage', 'eval', folder, '--raw', '--out', out, '--json']);

  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout.toString()).summary, undefined);
  const said = (await readFile(join(out, 'Pools.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    said.map(({ template }) => template),
    ['lent a connection to <*> pool', 'lent a connection to <*> pool', 'pool is empty', 'took <*>', 'took <*>'],
  );
});

test('what triage eval says of a line does not depend on the answers', async (t) => {
  const bare = ROWS.map((row) => `${row.split(',E')[0]},E9,same,1`);
  const [one, other] = [
    await sets(t, { 'Pools_2k.structured.csv': `${HEAD}\n${ROWS.join('\n')}\n` }),
    await sets(t, { 'Pools_2k.structured.csv': `${HEAD}\n${bare.join('\n')}\n` }),
  ];

  for (const folder of [one, other]) await runNervesys(['triage', 'eval', folder, '--out', join(folder, 'out')]);

  const said = (folder: string) => readFile(join(folder, 'out', 'Pools.jsonl'), 'utf8');
  assert.equal(await said(one), await said(other));
});

test('triage eval shows a table to people', async (t) => {
  const folder = await sets(t, { 'Pools_2k.structured.csv': `${HEAD}\n${ROWS.join('\n')}\n` });

  const { code, stdout } = await runNervesys(['triage', 'eval', folder]);

  assert.equal(code, 0);
  assert.match(stdout.toString(), /^SYSTEM .* GA .* FGA/);
  assert.match(stdout.toString(), /^Pools +5 +0\.600/m);
  assert.match(stdout.toString(), /mean GA 0\.600 \(worst 0\.600\)/);
});

test('triage eval says what is wrong with its sets', async (t) => {
  const empty = await tempDir(t);
  const broken = await sets(t, { 'Pools_2k.structured.csv': 'LineId,Text\n1,x\n' });
  const short = await sets(t, {
    'Pools_2k.structured.csv': `${HEAD}\n${ROWS.join('\n')}\n`,
    'Pools_2k.log': 'one line\n',
  });

  const finished = await Promise.all([
    runNervesys(['triage', 'eval']),
    runNervesys(['triage', 'eval', join(empty, 'nowhere')]),
    runNervesys(['triage', 'eval', empty]),
    runNervesys(['triage', 'eval', broken]),
    runNervesys(['triage', 'eval', short, '--raw']),
  ]);

  assert.deepEqual(
    finished.map(({ code }) => code),
    [2, 2, 2, 1, 1],
  );
  for (const { stderr } of finished) assert.match(stderr, /hint:|code: NSV/);
  assert.match(finished[3]!.stderr, /no column Content/);
  assert.match(finished[4]!.stderr, /has 1 lines, its CSV 5/);
});
