import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { followedRepository, followsOrchestrator } from '../../src/commands/runtime.ts';
import { readSettings } from '../../src/commands/settings.ts';
import { loadConfig } from '../../src/config/index.ts';
import { configFolder } from '../config/folder.ts';

const EXAMPLE = join(import.meta.dirname, '../../config');
const GIT =
  "config: { source: git, repository: 'git@github.com:owalai/nervesys-config.git', branch: live, poll: 5m }\n";

test('an agent obeys what config.source says; where it says nothing, files that somebody has written, else its orchestrator', async (t) => {
  const settings = readSettings({}, { NERVESYS_GIT_TOKEN: ' token ', NERVESYS_GIT_SSH_KEY_FILE: '/key' });
  const obeys = async (folder: string) => {
    const loaded = await loadConfig(folder);
    if (followedRepository(settings, loaded) !== undefined) return 'git';
    return (await followsOrchestrator(loaded)) ? 'orchestrator' : 'folder';
  };
  const written = (text: string) => configFolder(t, { 'agents/_defaults.yaml': text });

  assert.equal(await obeys(await configFolder(t, {})), 'orchestrator');
  assert.equal(await obeys(EXAMPLE), 'orchestrator', 'the example as it was copied is nobody’s writing');
  assert.equal(await obeys(await written('role: Helper\n')), 'folder');
  assert.equal(await obeys(await written('config: { source: orchestrator }\n')), 'orchestrator');
  assert.equal(await obeys(await written('config: { source: folder }\n')), 'folder');
  assert.equal(await obeys(await written(GIT)), 'git');
  const { searchPath, ...followed } = followedRepository(settings, await loadConfig(await written(GIT)))!;
  assert.equal(searchPath, process.env['PATH']);
  assert.deepEqual(followed, {
    repository: 'git@github.com:owalai/nervesys-config.git',
    branch: 'live',
    path: 'config',
    pollMs: 300_000,
    signedBy: undefined,
    credentials: { token: 'token', sshKeyFile: '/key', knownHostsFile: undefined },
  });
});
