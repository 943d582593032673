import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freshEnvironment, MAIN, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Runs `nervesys up` that can't start; what it says, and its exit code. */
function startInVain(home: string, args: readonly string[] = [], uid?: number) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [MAIN, 'up', '--home', home, '--port', '0', '--agent-port', '0', ...args],
    { env: freshEnvironment(home), timeout: 20_000, encoding: 'utf8', ...(uid === undefined ? {} : { uid }) },
  );
  return { status, stderr };
}

test('a home that cannot be made or written is said at once, with what to do', async (t) => {
  const dir = await tempDir(t);
  writeFileSync(join(dir, 'file'), '');

  for (const home of ['/proc/nervesys/home', join(dir, 'file'), join(dir, 'file', 'below')]) {
    const { status, stderr } = startInVain(home);
    assert.equal(status, 1, `${home}: ${stderr}`);
    assert.match(stderr, /NSV_HOME_UNUSABLE/);
    assert.match(stderr, /--home/);
  }
});

test('a home of somebody else is refused to an ordinary user', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root to become another user');
  const dir = await tempDir(t);
  chmodSync(dir, 0o755);

  const { status, stderr } = startInVain(join(dir, 'home'), [], 65534);

  assert.equal(status, 1, stderr);
  assert.match(stderr, /NSV_HOME_UNUSABLE/);
});

test('a port that another program has is named, and nothing is left running', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const home = await tempDir(t);

  for (const option of ['--port', '--agent-port']) {
    const { status, stderr } = startInVain(home, [option, String(port)]);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /NSV_PORT_IN_USE/);
    assert.match(stderr, new RegExp(`${port}[^]*${option}`));
  }
});

test('a second one in the same home is refused, and the first goes on', async (t) => {
  const home = await tempDir(t);
  const system = await RunningSystem.start(t, home, ['up', '--port', '0', '--agent-port', '0']);

  const { status, stderr } = startInVain(home);

  assert.equal(status, 1);
  assert.match(stderr, /NSV_ALREADY_RUNNING/);
  assert.equal(JSON.parse(await system.cli('fleet', '--json')).servers.length, 1);
});
