import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Upgrader } from '../../../src/agent/upgrade/upgrader.ts';
import { sha256Hex } from '../../../src/platform/digest.ts';
import { errorCode } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PROGRAM = '#!/usr/bin/env node\nconsole.log("the agent");\n';

test('a program that is not what was announced is thrown away, and fetched again later', async (t) => {
  const home = await tempDir(t);
  const clock = new FakeClock();
  const order = { version: '9.0.0', bundle_sha256: sha256Hex(PROGRAM), bundle_bytes: PROGRAM.length };
  const downloads = [`${PROGRAM}//x`, PROGRAM];
  const ready: unknown[] = [];
  const upgrader = new Upgrader({
    home,
    program: join(home, 'installed.cjs'),
    client: {
      askForUpgrade: async () => order,
      downloadBundle: async () => Buffer.from(downloads.shift()!),
      reportUpgrade: async () => assert.fail('there is nothing to report'),
    },
    onReady: (program) => ready.push(program),
    clock,
    logger: silentLogger,
  });
  const { signal } = new AbortController();

  await upgrader.beat(true, signal);
  const afterForged = [...ready];
  await upgrader.beat(true, signal);
  const tooSoon = downloads.length;
  await clock.advance(300_000);
  await upgrader.beat(true, signal);
  await upgrader.beat(true, signal);

  assert.deepEqual(afterForged, []);
  assert.equal(tooSoon, 1, 'it was fetched again at once');
  const path = join(home, 'program', `nervesys-agent-${order.bundle_sha256.slice(0, 12)}.cjs`);
  assert.deepEqual(ready, [{ path, sha256: order.bundle_sha256, version: '9.0.0' }]);
  assert.equal(await readFile(path, 'utf8'), PROGRAM);
  assert.equal(
    await readFile(join(home, 'program/upgrade.json')).catch(errorCode),
    'ENOENT',
    'nothing has proved itself yet',
  );
});
