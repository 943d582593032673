import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withDeadline } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { CommitSigner } from '../commit-signer.ts';
import { type GitOptions, type GitSurroundings, programFolders, runGit } from './run-git.ts';

export type Signature =
  | { readonly type: 'good' /** Who signed, and the key's fingerprint. */; readonly by: string }
  | { readonly type: 'refused' /** `is not signed` */; readonly problem: string };

const SIGNER_LENGTH_MAX = 200;
/** Of whom a signature is found to be, to whoever runs git: the place in the list, since a name may hold anything. */
const PRINCIPAL = /^signer-(\d+)$/;
/** No keys but those that were given, none looked for elsewhere, and no agent that would stay. */
const GPG_SETTINGS = 'trust-model always\nno-auto-key-retrieve\nno-auto-key-locate\nno-autostart\n';

/**
 * Whether one of `signers` has signed the commit well, by `git verify-commit` with nothing but their keys: whatever keyring or setting this machine
 * has counts for nothing. Rejects with `NSV_GIT_FAILED` where that can't be found out, which says nothing about the commit.
 */
export async function checkSignature(
  options: GitOptions,
  sha: string,
  signers: readonly CommitSigner[],
  signal?: AbortSignal,
): Promise<Signature> {
  // Asked before any program is run: git hands a signature to the program of its kind, and may be ended by a pipe that one closes unread.
  const kind = await signatureKind(options, sha, signal);
  if (kind === undefined) return { type: 'refused', problem: 'is not signed' };
  if (!signers.some(({ type }) => KINDS[type] === kind)) return { type: 'refused', problem: BY_A_STRANGER };
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-signers-'));
  try {
    const withKeys = { ...options, more: await layOutKeys(options, folder, signers, signal) };
    const isGood = await verify(withKeys, sha, signal);
    const format = '--format=%G?%x00%GS%x00%GF';
    const [verdict = '', by = '', fingerprint = ''] = (await runGit(withKeys, ['log', '-1', format, sha], signal))
      .toString()
      .trimEnd()
      .split('\0');
    // Two words for one thing: only what both call good is.
    if (isGood && verdict === 'G') return { type: 'good', by: nameSigner(by, fingerprint, signers) };
    return { type: 'refused', problem: whyNotGood(verdict) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the keys down for ssh-keygen and gpg, and answers what makes git use them. A kind of which there is no key has no program either. */
async function layOutKeys(
  options: GitOptions,
  folder: string,
  signers: readonly CommitSigner[],
  signal: AbortSignal | undefined,
): Promise<GitSurroundings> {
  const gnupgHome = join(folder, 'gnupg');
  await mkdir(gnupgHome, { mode: 0o700 });
  await writeFile(join(gnupgHome, 'gpg.conf'), GPG_SETTINGS);
  const allowed: string[] = [];
  for (const [index, signer] of signers.entries()) {
    if (signer.type === 'ssh') allowed.push(`signer-${index} namespaces="git" ${signer.key}\n`);
    else await importKey(options, folder, gnupgHome, signer.armoured, index, signal);
  }
  const allowedFile = join(folder, 'allowed_signers');
  await writeFile(allowedFile, allowed.join(''));
  return {
    settings: [
      ['gpg.ssh.allowedSignersFile', allowedFile],
      ['gpg.ssh.program', allowed.length > 0 ? 'ssh-keygen' : 'false'],
      ['gpg.program', allowed.length < signers.length ? 'gpg' : 'false'],
      ['gpg.x509.program', 'false'],
    ],
    env: { GNUPGHOME: gnupgHome },
  };
}

async function importKey(
  { clock, timeoutMs, searchPath }: GitOptions,
  folder: string,
  gnupgHome: string,
  armoured: string,
  index: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = join(folder, `signer-${index}.asc`);
  await writeFile(file, `${armoured}\n`);
  const env = { PATH: programFolders(searchPath), HOME: '/nonexistent', LC_ALL: 'C', GNUPGHOME: gnupgHome };
  try {
    await withDeadline(clock, timeoutMs, signal, (within) =>
      promisify(execFile)('gpg', ['--batch', '--no-tty', '--quiet', '--import', file], { env, signal: within }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    const isMissing = errorCode(error) === 'ENOENT';
    throw new NervesysError(
      'NSV_GIT_FAILED',
      isMissing
        ? 'check signatures: gpg cannot be run (ENOENT)'
        : `check signatures: gpg does not take the key git.signed_by[${index}]`,
      {
        retryable: true,
        hint: isMissing
          ? 'install gnupg; the last good configuration holds'
          : "export the key again with `gpg --armor --export`, into the orchestrator's own orchestrator.yaml; the last good configuration holds",
      },
    );
  }
}

async function verify(options: GitOptions, sha: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await runGit(options, ['verify-commit', sha], signal);
    return true;
  } catch (error) {
    // 1: not good. Anything else is no verdict, and neither is that a program is missing.
    if (!(error instanceof NervesysError) || error.facts['exitCode'] !== 1) throw error;
    if (!/cannot (?:run|exec)/.test(error.message)) return false;
    throw new NervesysError('NSV_GIT_FAILED', `check signatures: ${error.message}`, {
      retryable: true,
      hint: 'install openssh-client (ssh-keygen) and gnupg (gpg); the last good configuration holds',
    });
  }
}

function nameSigner(by: string, fingerprint: string, signers: readonly CommitSigner[]): string {
  const index = PRINCIPAL.exec(by)?.[1];
  const signer = index === undefined ? undefined : signers[Number(index)];
  const name = signer?.type === 'ssh' ? (signer.name ?? '') : by;
  const shown = name.replace(/[\p{Cc}\ufffd]/gu, '?').slice(0, SIGNER_LENGTH_MAX);
  return shown === '' ? fingerprint : `${shown} (${fingerprint})`;
}

const KINDS = { ssh: 'SSH', gpg: 'PGP' } as const;
const BY_A_STRANGER = 'is signed, but by none of the keys in git.signed_by';

/** The kind of signature that the commit says it bears: `SSH`, `PGP`, …; `undefined`: it bears none. */
async function signatureKind(
  options: GitOptions,
  sha: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const commit = (await runGit(options, ['cat-file', 'commit', sha], signal)).toString('latin1');
  return /^gpgsig\S* -----BEGIN (\w+)/m.exec(commit.slice(0, commit.indexOf('\n\n')))?.[1];
}

/** Of git's word for a signature that is not good (`%G?`). */
function whyNotGood(verdict: string): string {
  switch (verdict) {
    case 'B':
      return 'does not hold what was signed';
    case 'X':
      return 'has a signature that has expired';
    case 'Y':
      return 'is signed with a key that has expired';
    case 'R':
      return 'is signed with a key that was revoked';
    default:
      return BY_A_STRANGER;
  }
}
