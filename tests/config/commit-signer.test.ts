import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommitSigner } from '../../src/config/commit-signer.ts';
import { formatComplaint } from '../../src/config/complaints.ts';
import { checkConfigTexts } from '../../src/config/load-config.ts';

/** Public halves of keys that were made for this test and thrown away. */
const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM/cu0okTbu6BuE7gsORUrXwI6nIzEqjNclNbxt8HRbW Dana';
const ECDSA =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPytc0xrb0ATk4Kf8c51hm50WdXF0lyPNnjZMMtsnQga6tPrzx3MVUU2dG3xf2UsMbOgCFIlozE2U79EAye7JcQ= Noa';
const RSA = [
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAACAQCxLZ73Yz2wxFG436YyCrdTwIRdUsnHpkjtceKT0WCf/ggz8Q7BNGP6YS2U9XgphhNP07m1Hr',
  'IEpeVbT0VwY/4B0X9BYYZ+VOLO2Kkd9VmDwlTz1uVQHhzJdh0TjhTFsRm9wmee6at5c2DwvFNH8XfZD5WrafOA8IdsxJ1LlFbTNVMow72neVQ/',
  'LwjRjjYOoddYfeDBdMer32BsMPZmAWUOxYlCD/ck0M7eGW39zawPgixCTresbhjFCIycBYQptsw9L2jkUBODC8k2n5xxAO8vBPgfoaxikdFqcp',
  'lhmoR7lrasvqHQn5d4ScZwXHXgpxgeiZ29jtL2MmkkNLLg9As54EAaOe0ogUtoOlKsqmDvluR/Hvzhz0MVxvxgp0bQPyVyPNq7YmZlX3kRfdPq',
  'ziPhfJTHiernuazAp65tGLAC1Wp+zlPS0H7+rlsphkLXHDt40kqCGACvQ9Cs6BxFHfCX9+UUCC1xreXTRKDV7YIyJaRjNRDluxtHauuIz0Q/Zo',
  'P9JhZpghkzMvFrktWek+RyuPghHATJT4xx6qtBObhXYS2/mfPbcGcYgkMtQo2QZuq4a8pn5JwV2V9ipt3Vw4JVbAqQ0WE1knAJffPBWwAh38bA',
  '+hpYUIBT7E+2A5XqPp68lBRHOkyKdW3oT6NeojysUF/YU0NHJgU0aN10zJSrzw==',
].join('');
const GPG = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawhMFhYJKwYBBAHaRw8BAQdAxh+oY+PJgmmvaOBsDMSzFVz1xkoZ7WNrRiAx
h2eNs5G0F0RhbmEgPGRhbmFAZXhhbXBsZS5jb20+iJAEExYIADgWIQT/GQSpmqDm
tSMKhSn7wY1cWLlQkwUCawhMFgIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK
CRD7wY1cWLlQk5A4AP9GCw+/6bQnZYs8T05JTIb266Jw7Et8jkoAh7UQfd3IIgD+
Mche/lgzErWUoQuMJzCo1mkHbZaC2speMje4jpg75wU=
=+pb9
-----END PGP PUBLIC KEY BLOCK-----`;

async function signedBy(yaml: string) {
  const { config, complaints } = await checkConfigTexts(
    new Map([['orchestrator.yaml', `git:\n  signed_by:\n${yaml}`]]),
  );
  return { signers: config?.orchestrator.git.signedBy, complaints: complaints.map(formatComplaint) };
}

test('public keys are taken as ssh-keygen and gpg write them, and are no credentials', async () => {
  const block = GPG.replaceAll(/^/gm, '      ');

  const { signers, complaints } = await signedBy(
    `    - ${ED25519}\n    - ${ECDSA}\n    - |\n${block}\n    - "${RSA}"\n`,
  );

  assert.deepEqual(complaints, []);
  assert.deepEqual(
    signers?.map((signer) => (signer.type === 'ssh' ? signer.name : signer.armoured)),
    ['Dana', 'Noa', GPG, undefined],
  );
  assert.equal((await checkConfigTexts(new Map())).config?.orchestrator.git.signedBy, undefined);
});

test('what is no public key is refused: a fingerprint, a private key, a key that is cut off, no key at all', async () => {
  for (const text of [
    'SHA256:Yv3a5xDlXUaaVU+E433vpw/7porN59tKKRIZ8zUH0wM',
    '0205C22D5EF3B65CC21BD4A78D80D5CF9842434B',
    ED25519.replace('ssh-ed25519', 'ssh-rsa'),
    ED25519.replace('AAAA', 'BBBB'),
    ED25519.slice(0, 40),
    `command="x" ${ED25519}`,
    `${ED25519}\n${ECDSA}`,
    GPG.replaceAll('PUBLIC', 'PRIVATE'),
    GPG.replaceAll('\n', ' '),
    GPG.replace(/\n\n./, '\n\nA'),
    `${GPG}\n${GPG}`,
    GPG.slice(0, 200),
    '',
  ])
    assert.equal(parseCommitSigner(text), undefined, text);
  assert.notEqual(parseCommitSigner(`\n${GPG.replaceAll('\n', '\r\n')}\n`), undefined);

  assert.match(
    (await signedBy('    []\n')).complaints[0]!,
    /^orchestrator\.yaml:3:5: git\.signed_by is a list of 0; use a list of 1 to 200 public keys/,
  );
  assert.match(
    (await signedBy('    - Dana\n')).complaints[0]!,
    /signed_by\[0\] is "Dana"; use an SSH public key such as/,
  );
});

test('a credential behind a public key is found', async () => {
  const block = GPG.replaceAll(/^/gm, '      ');
  const secret = ['ghp', 'q7Rk2Zx9Lm4Tn8Vb3Wc6Yd1Hf5Jg0Psabcdef'].join('_');

  const { complaints } = await signedBy(`    - |\n${block}\n# ${secret}\n`);

  assert.match(complaints[0]!, /holds what looks like a GitHub token/);
});
