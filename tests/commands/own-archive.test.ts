import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openOwnArchive } from '../../src/commands/own-archive.ts';
import { readSettings } from '../../src/commands/settings.ts';
import { loadConfig } from '../../src/config/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { configFolder } from '../config/folder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

const KEYS = { STORJ_ACCESS_KEY: 'jaccess', STORJ_SECRET_KEY: 'not-to-be-told', STORJ_BUCKET: 'logs-bucket' };

async function open(t: TestContext, credentials: string, env: Record<string, string>, joins: boolean) {
  const loaded = await loadConfig(await configFolder(t, { 'storage.yaml': `credentials: ${credentials}\n` }));
  const log: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
  const settings = readSettings({ home: await tempDir(t) }, { NERVESYS_SERVER: 'AIGARDEN01', ...env });
  const archive = await openOwnArchive(settings, loaded, joins, logger);
  await archive?.[Symbol.asyncDispose]();
  return { description: archive?.description, log: log.join('') };
}

test('presigned: keys on a server that has joined are left unused, and that is said without them', async (t) => {
  const { description, log } = await open(t, 'presigned', KEYS, true);

  assert.equal(description, undefined);
  assert.match(log, /STORJ_\* is set and not used/);
  assert.doesNotMatch(log, /jaccess|not-to-be-told/);
  assert.deepEqual(await open(t, 'presigned', {}, true), { description: undefined, log: '' });
});

test('presigned: an agent that joins no orchestrator archives with the keys that it was given', async (t) => {
  assert.match((await open(t, 'presigned', KEYS, false)).description ?? '', /^s3 .*logs-bucket$/);
});

test('static: a server archives with its own keys, joined or not', async (t) => {
  for (const joins of [true, false]) {
    assert.match((await open(t, 'static', KEYS, joins)).description ?? '', /^s3 .*logs-bucket$/);
  }
});

test('static without keys is refused before the first record is taken', async (t) => {
  const home = await tempDir(t);
  await mkdir(join(home, 'config'));
  await writeFile(join(home, 'config', 'storage.yaml'), 'credentials: static\n');

  const done = await runNervesys(['agent', '--home', home, '--agent-port', '0'], {
    env: { NERVESYS_TOKEN: 'nsv1.x', NERVESYS_SERVER: 'AIGARDEN01' },
  });

  assert.equal(done.code, 2);
  assert.match(
    done.stderr,
    /credentials: static, and STORJ_ACCESS_KEY and STORJ_SECRET_KEY are not set\nhint: set both/,
  );
});

test('scoped: a server that has joined uses no keys of its own, and one that joins no orchestrator only those', async (t) => {
  assert.match((await open(t, 'scoped', KEYS, true)).log, /STORJ_\* is set and not used/);
  assert.match((await open(t, 'scoped', KEYS, false)).description ?? '', /^s3 .*logs-bucket$/);
});

test('an orchestrator whose archive is a folder does not start with scoped credentials, which a folder has none of', async (t) => {
  const home = await tempDir(t);
  await mkdir(join(home, 'config'));
  await writeFile(join(home, 'config', 'storage.yaml'), 'credentials: scoped\n');

  const done = await runNervesys(['orchestrator', '--home', home, '--port', '0']);

  assert.equal(done.code, 2);
  assert.match(done.stderr, /credentials: scoped, and the archive is a folder.*\nhint: set STORJ_ACCESS_KEY/);
});
