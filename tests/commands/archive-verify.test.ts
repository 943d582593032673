import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import { openArchive } from '../../src/storage/index.ts';
import { S3Server } from '../servers/s3-server.ts';
import { writeEpoch } from '../support/epoch.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

test('archive verify says what holds and ends with 0, or names what does not and ends with 3', async (t) => {
  const home = await tempDir(t);
  await using archive = await openArchive({ type: 'folder', path: `${home}/archive` }, { clock: systemClock });
  const [first, second, third] = writeEpoch({ batches: [3, 5, 2] });
  for (const { key, body } of [first!, third!]) await archive.put(key, body);

  const broken = await runNervesys(['archive', 'verify', '--home', home]);
  await archive.put(second!.key, second!.body);
  const whole = await runNervesys(['archive', 'verify', '--home', home]);

  assert.equal(broken.code, 3, broken.stderr);
  assert.match(broken.stdout.toString(), /missing +epoch 0123456789abcdef: 4–8 \(5 records\) in no object/);
  assert.equal(whole.code, 0, whole.stderr);
  assert.match(whole.stdout.toString(), /AIGARDEN01: 3 objects[\s\S]*10 records \(1–10\) in 3 objects/);
  assert.match(whole.stderr, /proven only by the catalog/);
  assert.doesNotMatch(whole.stderr, /[█░]/, 'no progress in a pipe');
});

test('archive verify expects nothing of what is past its retention', async (t) => {
  const home = await tempDir(t);
  await using archive = await openArchive({ type: 'folder', path: `${home}/archive` }, { clock: systemClock });
  const [, second] = writeEpoch({
    batches: [3, 5],
    firstWindowAt: Math.floor(Date.now() / 600_000) * 600_000 - 1_200_000,
  });
  await archive.put(second!.key, second!.body);
  const verify = () => runNervesys(['archive', 'verify', '--home', home]);

  const withoutRetention = await verify();
  await mkdir(`${home}/config`, { recursive: true });
  await writeFile(`${home}/config/storage.yaml`, 'retention: { logs: 400d }\n');
  const withRetention = await verify();

  assert.deepEqual([withoutRetention.code, withRetention.code], [3, 0], withRetention.stderr);
});

test('archive verify --json reads S3, one server, from an instant on', async (t) => {
  await using s3 = await S3Server.start();
  const [first, second] = writeEpoch({ batches: [3, 5] });
  const [stranger] = writeEpoch({ server: 'AIGARDEN02', epoch: 'fedcba9876543210', batches: [2] });
  for (const { key, body } of [first!, second!, stranger!]) s3.plant(key, body);
  const env = {
    STORJ_ACCESS_KEY: s3.accessKey,
    STORJ_SECRET_KEY: s3.secretKey,
    STORJ_BUCKET: s3.bucket,
    STORJ_ENDPOINT: s3.endpoint,
    STORJ_REGION: s3.region,
  };
  const args = ['archive', 'verify', '--home', await tempDir(t), '--json', '--server', 'AIGARDEN01'];

  const done = await runNervesys([...args, '--since', '2025-12-10T19:50:00Z'], { env });

  assert.equal(done.code, 0, done.stderr);
  const answer = JSON.parse(done.stdout.toString());
  assert.deepEqual([answer.valid, answer.newest_end_proven, answer.servers.length], [true, false, 1]);
  const { server, objects, epochs, findings } = answer.servers[0];
  assert.deepEqual([server, objects, epochs[0].first, epochs[0].records, findings], ['AIGARDEN01', 1, 4, 5, []]);
});

test('archive verify where there is no archive says where it looked', async (t) => {
  const home = await tempDir(t);

  const done = await runNervesys(['archive', 'verify', '--home', home]);

  assert.deepEqual([done.code, done.stdout.length], [1, 0]);
  assert.match(done.stderr, /there is no archive in .*\nhint: name its home with --home/);
});
