import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NervesysError } from '../../platform/errors.ts';
import type { CommitSigner } from '../commit-signer.ts';
import { formatComplaint } from '../complaints.ts';
import { readConfigFolder } from '../config-folder.ts';
import { type FoundRevision, revisionOfCommit } from '../found-revision.ts';
import { checkConfigTexts } from '../load-config.ts';
import { type GitOptions, runGit } from './run-git.ts';
import { readSettingsFiles } from './settings-files.ts';
import { checkSignature } from './signature.ts';

export interface RepositorySettings extends GitOptions {
  /** A branch or a tag. */
  readonly branch: string;
  /** The configuration's folder in the repository; empty: its root. */
  readonly path: string;
  /** Only commits that one of these has signed are taken; absent: any. */
  readonly signedBy?: readonly CommitSigner[] | undefined;
}

type Commit = NonNullable<FoundRevision['commit']>;

const HEAD = 'refs/nervesys/head';
const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** A bare copy of the repository that is followed, one commit deep. */
export class Repository {
  readonly #settings: RepositorySettings;
  #isOurs = false;

  constructor(settings: RepositorySettings) {
    this.#settings = settings;
  }

  /** The commit that the branch (or tag) is at now. Rejects with `NSV_GIT_FAILED`. */
  async head(signal?: AbortSignal): Promise<{ readonly sha: string; readonly ref: string }> {
    const { repository, branch } = this.#settings;
    await this.#make(signal);
    const refs = [`refs/heads/${branch}`, `refs/tags/${branch}`];
    const listed = (
      await this.#git(['ls-remote', '--', repository, ...refs, `refs/tags/${branch}^{}`], signal)
    ).toString();
    const found = new Map(listed.split('\n').map((line) => line.split('\t').reverse() as [string, string]));
    for (const ref of refs) {
      const sha = found.get(`${ref}^{}`) ?? found.get(ref);
      if (sha !== undefined && SHA.test(sha)) return { sha, ref };
    }
    throw new NervesysError(
      'NSV_GIT_FAILED',
      `follow ${branch}: the repository has no branch and no tag of this name`,
      {
        retryable: true,
        hint: 'the last good configuration holds; push the branch again, or name another in orchestrator.yaml: git.branch',
      },
    );
  }

  /** Fetches the commit, checks whose it is, and what stands in its folder. Rejects with `NSV_GIT_FAILED`. */
  async read(ref: string, signal?: AbortSignal): Promise<FoundRevision> {
    const { repository, signedBy, path } = this.#settings;
    await this.#git(
      ['fetch', '--quiet', '--no-tags', '--depth=1', '--force', '--', repository, `+${ref}:${HEAD}`],
      signal,
    );
    const found = await this.#commit(signal);
    const revision = revisionOfCommit(found.sha);
    const signature = signedBy && (await checkSignature(this.#settings, found.sha, signedBy, signal));
    // What a stranger wrote isn't even read.
    if (signature?.type === 'refused') return refuseCommit(found, revision, signature.problem);
    const commit = { ...found, signer: signature?.by ?? null };
    const git = (args: readonly string[], input?: string) => this.#git(args, signal, input);
    const { files, complaints: inRepository } = await readSettingsFiles(git, commit.sha, path);
    const folder = await mkdtemp(join(tmpdir(), 'nervesys-revision-'));
    try {
      for (const [name, body] of files) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), body);
      }
      const complaints = [...inRepository];
      const texts = await readConfigFolder(folder, complaints);
      const { config, complaints: all } = await checkConfigTexts(texts, { revision, complaints });
      const said = all.map(formatComplaint);
      return {
        revision,
        source: 'git',
        commit,
        files: Object.fromEntries(texts),
        config,
        refusal:
          config !== undefined
            ? undefined
            : {
                code: 'NSV_CONFIG_INVALID',
                reason: said.length === 1 ? said[0]! : `${said.length} mistakes, the first: ${said[0]}`,
                complaints: said,
              },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #commit(signal: AbortSignal | undefined): Promise<Commit> {
    const text = (await this.#git(['log', '-1', '--format=%H%x00%an <%ae>%x00%s%x00%ct', HEAD], signal)).toString();
    const [sha = '', author = '', subject = '', seconds = '0'] = text.trimEnd().split('\0');
    return {
      sha,
      author: author.slice(0, 200),
      subject: subject.slice(0, 300),
      committedAt: Number(seconds) * 1_000,
      signer: null,
    };
  }

  async #make(signal: AbortSignal | undefined): Promise<void> {
    // What a process before this one has left, by a power loss in the middle of a fetch, may be locked or broken.
    if (!this.#isOurs) await this.#clear();
    this.#isOurs = true;
    await mkdir(this.#settings.gitDir, { recursive: true, mode: 0o700 });
    await this.#git(['init', '--quiet', '--bare'], signal); // of one that is there it changes nothing
  }

  async #git(args: readonly string[], signal: AbortSignal | undefined, input?: string): Promise<Buffer> {
    try {
      return await runGit(this.#settings, args, signal, input);
    } catch (error) {
      // Cut off in the middle of writing it leaves its locks, and one that outgrew its bound stays so: the next fetch begins anew.
      if (args[0] === 'init' || args[0] === 'fetch') await this.#clear();
      throw error;
    }
  }

  /** The copy is one commit deep: to begin anew costs one fetch. */
  async #clear(): Promise<void> {
    await rm(this.#settings.gitDir, { recursive: true, force: true });
  }
}

function refuseCommit(commit: Commit, revision: string, problem: string): FoundRevision {
  const reason = `commit ${revision} of ${commit.author} ${problem}; sign it with one of the keys in git.signed_by of the orchestrator's own orchestrator.yaml`;
  return {
    revision,
    source: 'git',
    commit,
    files: {},
    config: undefined,
    refusal: { code: 'NSV_COMMIT_NOT_SIGNED', reason, complaints: [reason] },
  };
}
