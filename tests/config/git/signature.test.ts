/** Only commits that a given key has signed are taken: real keys of ssh-keygen and gpg, real commits, the system's git. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { parseCommitSigner } from '../../../src/config/commit-signer.ts';
import type { FoundRevision } from '../../../src/config/found-revision.ts';
import type { RepositorySettings } from '../../../src/config/git/repository.ts';
import { openRepository } from '../../support/git-repository.ts';
import { gpgKey, type SigningKey, sshKey, without } from '../../support/signing-keys.ts';
import { standIn } from '../../support/stand-in-program.ts';
import { tempDir } from '../../support/temp-dir.ts';

const GOOD = { 'agents/grok.yaml': 'role: Reviewer\n' };
const OTHER = { 'agents/grok.yaml': 'role: Intruder\n' };
const KINDS = [
  { kind: 'SSH', make: sshKey, skip: without('ssh-keygen'), by: /^Dana \(SHA256:[A-Za-z0-9+/]{43}\)$/ },
  { kind: 'GPG', make: gpgKey, skip: without('gpg', 'gpgconf'), by: /^Dana <dana@example\.com> \([0-9A-F]{40}\)$/ },
] as const;

async function openSigned(t: TestContext, keys: readonly SigningKey[], more: Partial<RepositorySettings> = {}) {
  const signedBy = keys.map(({ text }) => parseCommitSigner(text) ?? assert.fail(`not taken: ${text}`));
  return openRepository(t, { signedBy, ...more });
}

function refusalOf({ config, refusal, files, commit }: FoundRevision): string {
  assert.equal(config, undefined, 'it was taken');
  assert.deepEqual([refusal?.code, files, commit?.signer], ['NSV_COMMIT_NOT_SIGNED', {}, null]);
  return refusal?.reason ?? '';
}

for (const { kind, make, skip, by } of KINDS) {
  test(`${kind}: a commit signed by a given key is taken, with who signed it`, { skip }, async (t) => {
    const [dana, other] = [await make(t, 'Dana'), await make(t, 'Noa')];
    const { pushed, read } = await openSigned(t, [other, dana]);
    pushed.signing = dana.signing;
    await pushed.push(GOOD);

    const { config, refusal, commit } = await read();

    assert.deepEqual([config?.agents.map(({ agentId }) => agentId), refusal], [['GROK'], undefined]);
    assert.match(commit?.signer ?? '', by);
  });

  test(`${kind}: an unsigned commit, a stranger's and a tampered one are refused, and unread`, { skip }, async (t) => {
    const [dana, eve] = [await make(t, 'Dana'), await make(t, 'Eve')];
    const { pushed, read } = await openSigned(t, [dana]);
    const intruder = await pushed.push(OTHER);
    const intruding = pushed.tree(intruder);

    const unsigned = refusalOf(await read());
    pushed.signing = eve.signing;
    await pushed.push(GOOD);
    const stranger = refusalOf(await read());
    pushed.signing = dana.signing;
    await pushed.push(GOOD);
    pushed.forge((commit) => commit.replace(/^tree .*/, `tree ${intruding}`));
    const tampered = refusalOf(await read());

    assert.match(unsigned, /^commit [0-9a-f]{12} of Dana <dana@example\.com> is not signed; sign it with one of/);
    assert.match(stranger, /is signed, but by none of the keys in git\.signed_by/);
    assert.match(tampered, /does not hold what was signed/);
  });

  test(`${kind}: of a tag it is the commit that must be signed, the tag's own signature counts for nothing`, {
    skip,
  }, async (t) => {
    const dana = await make(t, 'Dana');
    const { pushed, read } = await openSigned(t, [dana], { branch: 'stable' });
    await pushed.push(GOOD);
    pushed.signing = dana.signing;
    pushed.tag('stable');
    const signedTag = refusalOf(await read());
    await pushed.push(GOOD);
    pushed.signing = undefined;
    pushed.tag('stable');

    const signedCommit = await read();

    assert.match(signedTag, /is not signed/);
    assert.match(signedCommit.commit?.signer ?? '', by);
  });

  test(`${kind}: a commit can't name its own signers`, { skip }, async (t) => {
    const [dana, eve] = [await make(t, 'Dana'), await make(t, 'Eve')];
    const { pushed, read } = await openSigned(t, [dana]);
    const signed_by = JSON.stringify([eve.text]);
    pushed.signing = eve.signing;
    await pushed.push({ ...GOOD, 'orchestrator.yaml': `git: { signed_by: ${signed_by} }\n` });

    assert.match(refusalOf(await read()), /by none of the keys/);
  });
}

test('a signature of the other kind than the given keys is a stranger’s, whatever programs there are', {
  skip: KINDS[0].skip || KINDS[1].skip,
}, async (t) => {
  const [ssh, gpg] = [await sshKey(t, 'Dana'), await gpgKey(t, 'Dana')];
  for (const [given, used] of [
    [ssh, gpg],
    [gpg, ssh],
  ] as const) {
    const { pushed, read } = await openSigned(t, [given]);
    pushed.signing = used.signing;
    await pushed.push(GOOD);

    assert.match(refusalOf(await read()), /is signed, but by none of the keys/);
  }
  const { pushed, read } = await openSigned(t, [ssh, gpg]);
  for (const { signing } of [ssh, gpg]) {
    pushed.signing = signing;
    await pushed.push(GOOD);
    assert.notEqual((await read()).config, undefined, 'both kinds side by side');
  }
});

test('a name can’t make an SSH key count for more, and keys leave nothing behind', {
  skip: KINDS[0].skip,
}, async (t) => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('nervesys-signers-'));
  const [odd, eve] = [await sshKey(t, '*,!signer-0 namespaces="file" \u202ecert-authority'), await sshKey(t, 'Eve')];
  const { pushed, read } = await openSigned(t, [odd]);
  pushed.signing = odd.signing;
  await pushed.push(GOOD);
  const own = await read();
  pushed.signing = eve.signing;
  await pushed.push(GOOD);

  assert.match(refusalOf(await read()), /by none of the keys/);
  assert.match(own.commit?.signer ?? '', /^\*,!signer-0 .*\(SHA256:/);
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('nervesys-signers-') && !before.includes(name));
  assert.deepEqual(left, []);
});

test('a key of GPG that has expired signs nothing any more', { skip: KINDS[1].skip }, async (t) => {
  const dana = await gpgKey(t, 'Dana', { at: '20200101T000000', expires: '1y' });
  const { pushed, read } = await openSigned(t, [dana]);
  pushed.signing = dana.signing;
  await pushed.push(GOOD);

  assert.match(refusalOf(await read()), /is signed with a key that has expired/);
});

test('that signatures can’t be checked is no verdict on a commit', {
  skip: KINDS[0].skip || KINDS[1].skip,
}, async (t) => {
  const [dana, gpg] = [await sshKey(t, 'Dana'), await gpgKey(t, 'Dana')];
  const folder = await tempDir(t);
  const searchPath = await standIn(folder, 'git', 'exec env PATH=/nonexistent "$REAL" "$@"');
  const { pushed, read } = await openSigned(t, [dana], { searchPath });
  pushed.signing = dana.signing;
  await pushed.push(GOOD);

  await assert.rejects(read(), { code: 'NSV_GIT_FAILED', retryable: true, message: /cannot run ssh-keygen/ });

  const broken = { type: 'gpg', armoured: gpg.text.replace(/\n\n.{40}/, `\n\n${'A'.repeat(40)}`) } as const;
  const other = await openRepository(t, { signedBy: [broken] });
  other.pushed.signing = gpg.signing;
  await other.pushed.push(GOOD);
  await assert.rejects(other.read(), {
    code: 'NSV_GIT_FAILED',
    message: /gpg does not take the key git\.signed_by\[0\]/,
  });
});
