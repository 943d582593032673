import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configFolder } from '../config/folder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

const GOOD = { 'agents/grok.yaml': 'silent_after: 7m\n', 'storage.yaml': '# ours\nupload: { window: 5m }\n' };

test('a folder takes the place of the files below the home; what it lacks goes, what is nobody’s business stays', async (t) => {
  const home = await tempDir(t);
  await runNervesys(['config', 'init', '--home', home]);
  writeFileSync(join(home, 'config/README.md'), 'mine');

  const dry = await runNervesys(['config', 'apply', await configFolder(t, GOOD), '--dry-run', '--home', home]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout.toString(), /agents\.GROK\.silent_after: 30m → 7m/);
  assert.ok(readdirSync(join(home, 'config/agents')).includes('gimai.yaml'));

  const { code, stdout, stderr } = await runNervesys([
    'config',
    'apply',
    await configFolder(t, GOOD),
    '--home',
    home,
    '--json',
  ]);

  const answer = JSON.parse(stdout.toString());
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(join(home, 'config/agents')), ['grok.yaml']);
  assert.equal(readFileSync(join(home, 'config/storage.yaml'), 'utf8'), GOOD['storage.yaml']);
  assert.deepEqual(
    readdirSync(join(home, 'config')).filter((name) => /README|orchestrator|tmp/.test(name)),
    ['README.md'],
  );
  const checked = await runNervesys(['config', 'check', '--home', home, '--json']);
  assert.equal(JSON.parse(checked.stdout.toString()).revision, answer.revision);
});

test('with a mistake nothing is changed, and where a repository is followed it is refused', async (t) => {
  const home = await tempDir(t);
  const broken = await configFolder(t, { 'storage.yaml': 'upload: { window: 7m }\n' });
  const refused = await runNervesys(['config', 'apply', broken, '--home', home]);
  assert.equal(refused.code, 3);
  assert.match(refused.stdout.toString(), /storage\.yaml:1:19: upload\.window does not divide a day/);
  assert.deepEqual(readdirSync(home), []);

  const empty = await runNervesys(['config', 'apply', await tempDir(t), '--home', home]);
  assert.match(empty.stderr, /no settings file stands there/);

  const followed = await configFolder(t, { 'orchestrator.yaml': 'git: { repository: /srv/config.git }\n' });
  const linked = await tempDir(t);
  symlinkSync(followed, join(linked, 'config'));
  const pushed = await runNervesys(['config', 'apply', await configFolder(t, GOOD), '--home', linked]);
  assert.equal(pushed.code, 2);
  assert.match(pushed.stderr, /comes from \/srv\/config\.git[\s\S]*push to the repository/);
  const other = await tempDir(t);
  symlinkSync(await configFolder(t, GOOD), join(other, 'config'));
  assert.match(
    (await runNervesys(['config', 'apply', await configFolder(t, GOOD), '--home', other])).stderr,
    /it is a link/,
  );
});
