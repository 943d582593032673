import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Signing } from './git-repository.ts';
import { standIn, whereIs } from './stand-in-program.ts';
import { tempDir } from './temp-dir.ts';

/** A key as it stands in `git.signed_by`, and how somebody who has it signs. */
export interface SigningKey {
  readonly text: string;
  readonly signing: Signing;
}

export async function sshKey(t: TestContext, name: string): Promise<SigningKey> {
  const file = join(await tempDir(t), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  const text = (await readFile(`${file}.pub`, 'utf8')).trim();
  return { text, signing: { settings: { 'gpg.format': 'ssh', 'user.signingkey': file } } };
}

/** `at`: its holder's clock stands still there (`20200101T000000`); `expires` as gpg takes it. */
export async function gpgKey(
  t: TestContext,
  name: string,
  { at, expires = 'never' }: { readonly at?: string; readonly expires?: string } = {},
): Promise<SigningKey> {
  let home: string | undefined;
  // Its agent has ended before its folder goes.
  t.after(() => home !== undefined && execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']));
  const folder = await tempDir(t, 'nsv-gpg-');
  home = join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  const time = at === undefined ? '' : `--faked-system-time '${at}!'`;
  const program = join(await standIn(folder, 'gpg', `exec "$REAL" --homedir '${home}' ${time} "$@"`), 'gpg');
  const gpg = (...args: string[]) =>
    execFileSync(program, ['--batch', '--quiet', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  gpg('--passphrase', '', '--quick-gen-key', `${name} <${name.toLowerCase()}@example.com>`, 'ed25519', 'sign', expires);
  return {
    text: gpg('--armor', '--export'),
    signing: {
      settings: {
        'gpg.format': 'openpgp',
        'gpg.program': program,
        'user.signingkey': `${name.toLowerCase()}@example.com`,
      },
    },
  };
}

/** Why tests with these programs are skipped here; `false`: they are not. */
export function without(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => whereIs(program) === undefined);
  return missing.length > 0 && `this machine has no ${missing.join(', ')}`;
}
