/** What would silently mean defaults for the whole fleet is a complaint: each case is a real commit, read by the system's git. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openRepository } from '../../support/git-repository.ts';

const GROK = 'role: Reviewer\n';

async function refusedFor(
  t: TestContext,
  path: string,
  files: Readonly<Record<string, string>>,
  submodule?: string,
): Promise<readonly string[]> {
  const { pushed, read } = await openRepository(t, { path });
  await pushed.pushTree(files);
  if (submodule !== undefined) pushed.addSubmodule(submodule);

  const { config, refusal } = await read();

  assert.equal(config, undefined, 'it was taken');
  assert.equal(refusal?.code, 'NSV_CONFIG_INVALID');
  return refusal.complaints;
}

test('a folder that is not in the repository is refused, with the part of its path that is wrong', async (t) => {
  const files = { 'deploy/config/agents/grok.yaml': GROK, plain: 'x', link: '→deploy/config' };

  assert.match(
    (await refusedFor(t, 'config', files))[0]!,
    /^config: is not in the repository \(commit [0-9a-f]{12}\); correct the path where the repository is named/,
  );
  assert.match((await refusedFor(t, 'deploy/confg', files))[0]!, /^deploy\/confg: is not in the repository/);
  assert.match((await refusedFor(t, 'deploi/config', files))[0]!, /^deploi: is not in the repository/);
  assert.match((await refusedFor(t, 'link', files))[0]!, /^link: is a link, not a folder .*correct the path/);
  assert.match((await refusedFor(t, 'link/agents', files))[0]!, /^link: is a link, not a folder/);
  assert.match((await refusedFor(t, 'plain', files))[0]!, /^plain: is a file, not a folder/);
  assert.match((await refusedFor(t, 'sub/config', files, 'sub'))[0]!, /^sub: is a submodule, not a folder/);
});

test('a folder without any settings file is refused, and so is an empty repository', async (t) => {
  const [complaint, ...more] = await refusedFor(t, 'config', {
    'config/README.md': 'x',
    'config/agents/README.md': 'x',
  });
  assert.match(complaint!, /^config: holds no settings file; correct the path .*agents\/<name>\.yaml/);
  assert.deepEqual(more, []);
  assert.match((await refusedFor(t, '', { 'config/agents/grok.yaml': GROK }))[0]!, /^\.: holds no settings file/);
  assert.match((await refusedFor(t, '', {}))[0]!, /^\.: is empty/);
});

test('a folder deleted by a later commit is refused', async (t) => {
  const { pushed, read } = await openRepository(t);
  await pushed.pushTree({ 'config/agents/grok.yaml': GROK });
  const before = await read();
  await pushed.pushTree({ 'README.md': 'x' });

  const after = await read();

  assert.deepEqual(
    before.config?.agents.map(({ agentId }) => agentId),
    ['GROK'],
  );
  assert.equal(after.config, undefined);
});

test('the folder is found below any path, and at the root', async (t) => {
  for (const path of ['', 'a', 'a/b c', './a//b c']) {
    const folder = path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
    const { pushed, read } = await openRepository(t, { path });
    await pushed.pushTree({ [`${folder === '' ? '' : `${folder}/`}agents/grok.yaml`]: GROK });

    const { config, refusal } = await read();

    assert.deepEqual([config?.agents.map(({ agentId }) => agentId), refusal], [['GROK'], undefined], path);
    assert.ok(Object.isFrozen(config), 'a configuration is frozen');
  }
});

test('agents as a link, a submodule or a file is refused: the AI agents would be gone', async (t) => {
  const rest = { 'config/storage.yaml': 'upload: { window: 5m }\n', 'team/grok.yaml': GROK };

  const link = await refusedFor(t, 'config', { ...rest, 'config/agents': '→../team' });
  const file = await refusedFor(t, 'config', { ...rest, 'config/agents': 'grok' });
  const submodule = await refusedFor(t, 'config', rest, 'config/agents');

  assert.deepEqual(link, ['agents: is a link, not a folder; put the folder itself there']);
  assert.deepEqual(file, ['agents: is a file, not a folder; put the folder itself there']);
  assert.deepEqual(submodule, ['agents: is a submodule, not a folder; put the folder itself there']);
});

test('AI agents in a folder that nobody reads are a mistake, and files of other programs are none', async (t) => {
  const rest = { 'config/storage.yaml': 'upload: { window: 5m }\n' };

  const capital = await refusedFor(t, 'config', { ...rest, 'config/Agents/grok.yaml': GROK });
  const nested = await refusedFor(t, 'config', { ...rest, 'config/agents/team/grok.yaml': GROK });
  const { pushed, read } = await openRepository(t, { path: '' });
  await pushed.pushTree({ '.gitlab-ci.yml': 'x', 'agents/.draft.yaml': 'x', 'agents/grok.yaml': GROK });

  assert.deepEqual(capital, ['Agents: is a folder that nobody reads; did you mean agents?']);
  assert.deepEqual(nested, ['agents/team/grok.yaml: is not read; put it into agents itself']);
  assert.deepEqual(
    (await read()).config?.agents.map(({ agentId }) => agentId),
    ['GROK'],
  );
});

test('a name that no disk takes, a pointer of LFS and settings without end are mistakes of the commit, told as such', async (t) => {
  const { pushed, read } = await openRepository(t);
  const sha = pushed.plant([`config/agents/${'g'.repeat(300)}.yaml`, 'config/agents/a\nb.yaml'], GROK);
  const names = await read();
  const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';
  const pointer = await refusedFor(t, 'config', { 'config/storage.yaml': lfs });
  const large = `x: ${'x'.repeat(250_000)}\n`;
  const many = Array.from({ length: 130 }, (_, n) => [`config/agents/a${n}.yaml`, large]);
  const endless = await refusedFor(t, 'config', Object.fromEntries(many));

  assert.equal(names.commit?.sha, sha);
  assert.match(names.refusal?.complaints[0] ?? '', /^agents\/a\?b\.yaml: has an odd name/);
  assert.match(names.refusal?.complaints[1] ?? '', /^agents\/g{200,}.*: has a name that cannot be an agent_id/);
  assert.deepEqual(pointer, [
    'storage.yaml: is a pointer of Git LFS; keep settings files out of LFS, in .gitattributes',
  ]);
  assert.deepEqual(endless, ['config: holds 32500520 bytes of settings; use at most 30000000']);
});

test('a settings file that is a folder, a link or a submodule is refused', async (t) => {
  const grok = { 'config/agents/grok.yaml': GROK };

  const folder = await refusedFor(t, 'config', { ...grok, 'config/orchestrator.yaml/x': 'x' });
  const inAgents = await refusedFor(t, 'config', { ...grok, 'config/agents/kimi.yaml/x': 'x' });
  const link = await refusedFor(t, 'config', { ...grok, 'config/storage.yaml': '→/etc/passwd' });
  const submodule = await refusedFor(t, 'config', grok, 'config/thresholds.yaml');

  assert.deepEqual(folder, ['orchestrator.yaml: is a folder, not a file; put the file itself there']);
  assert.deepEqual(inAgents, ['agents/kimi.yaml: is a folder, not a file; put the file itself there']);
  assert.deepEqual(link, ['storage.yaml: is a link, not a file; put the file itself there']);
  assert.deepEqual(submodule, ['thresholds.yaml: is a submodule, not a file; put the file itself there']);
});
