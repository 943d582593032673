import { COMMIT_SIGNER_EXPECTED, parseCommitSigner } from './commit-signer.ts';
import type { GitSettings } from './config.ts';
import { described, duration, group, list, parsed, type Read, withDefault } from './fields.ts';

/** What git takes for a repository and nothing that it would take for an option, a helper program or a password. */
export function parseRepository(text: string): string | undefined {
  if (/[\s\p{Cc}]/u.test(text) || text.startsWith('-') || text.length > 500) return undefined;
  if (text.startsWith('/')) return text;
  if (/^[\w.-]+@[\w.-]+:[\w./~-]+$/.test(text)) return text; // git@github.com:owalai/nervesys-config.git
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.password !== '') return undefined;
  if (url.protocol === 'file:' || url.protocol === 'ssh:') return text;
  if (url.username !== '') return undefined;
  if (url.protocol === 'https:') return text;
  return url.protocol === 'http:' && /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/.test(url.hostname) ? text : undefined;
}

/** A name of a branch or tag as git has them (git-check-ref-format), narrower. */
function parseBranch(text: string): string | undefined {
  return /^[A-Za-z0-9][\w./-]{0,200}$/.test(text) && !/\.\.|\/\/|\/$|\.lock$|\.$/.test(text) ? text : undefined;
}

function parsePath(text: string): string | undefined {
  const path = text.replace(/^\/+|\/+$/g, '');
  return /^[\w./ -]{0,300}$/.test(path) && !path.split('/').some((part) => part === '..' || part === '.git')
    ? path
    : undefined;
}

export const repositoryAddress = parsed(
  'the address of a repository: https://…, git@host:path, ssh://…, or an absolute path, without a password in it',
  '^\\S+$',
  parseRepository,
);
export const branchName = parsed('the name of a branch or a tag', '^[A-Za-z0-9][\\w./-]*$', parseBranch);
export const repositoryPath = parsed('a folder in the repository', '^[\\w./ -]*$', parsePath);
/** Everybody who commits to a configuration, many times over. */
const SIGNERS_MAX = 200;
export const signedBy = described(
  list(
    parsed(COMMIT_SIGNER_EXPECTED, '^\\s*(ssh-|ecdsa-|sk-|-----BEGIN PGP PUBLIC KEY BLOCK-----)', parseCommitSigner),
    { lengthMin: 1, lengthMax: SIGNERS_MAX, of: 'public keys' },
  ),
  'Only a commit that one of these keys has signed is taken: SSH public keys (`ssh-ed25519 AAAA… Dana`) and GPG public keys (`gpg --armor --export`, as a block). Left out: any commit.',
);

const fields = {
  repository: described(
    repositoryAddress,
    'The repository that is followed; left out: the folder below the home is. What opens it comes from the environment (NERVESYS_GIT_*).',
  ),
  branch: withDefault(branchName, 'main', 'The branch, or the tag.'),
  path: withDefault(repositoryPath, 'config', 'The folder in it that holds these files; / is the whole repository.'),
  signed_by: signedBy,
  poll: withDefault(duration('5s', '1d'), '1m', 'How often it is looked at; a webhook makes it at once.'),
} as const;

/**
 * The `git:` section of `orchestrator.yaml`. Only the one below the orchestrator's home counts: a repository doesn't say where it is, nor whose
 * commits are taken.
 */
export const gitSection = withDefault(group(fields), {}, 'The repository that these files are kept in.');

export function gitSettings({ repository, branch, path, poll, signed_by }: Read<typeof fields>): GitSettings {
  return { repository, branch, path, pollMs: poll, signedBy: signed_by };
}
