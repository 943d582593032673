import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, NervesysError } from '../../platform/errors.ts';
import type { CommitSigner } from '../commit-signer.ts';
import { type Complaint, formatComplaint } from '../complaints.ts';
import { type FoundRevision, revisionOfCommit } from '../found-revision.ts';
import { checkConfigTexts } from '../load-config.ts';
import { checkGitVersion } from './git-version.ts';
import { type GitOptions, remoteOptions, runGit, shownRepository } from './run-git.ts';
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
  /** How the repository names its objects; found out where it isn't the usual one. */
  #objectFormat: 'sha1' | 'sha256' = 'sha1';

  constructor(settings: RepositorySettings) {
    this.#settings = settings;
  }

  /** The commit that the branch (or tag) is at now. Rejects with `NSV_GIT_FAILED`. */
  head(signal?: AbortSignal): Promise<{ readonly sha: string; readonly ref: string }> {
    return this.#attempt(async () => {
      const { repository, branch } = this.#settings;
      const refs = [`refs/heads/${branch}`, `refs/tags/${branch}`];
      const { commits, default: elsewhere } = await this.#list([...refs, `refs/tags/${branch}^{}`, 'HEAD'], signal);
      for (const ref of refs) {
        const sha = commits.get(`${ref}^{}`) ?? commits.get(ref);
        if (sha === undefined) continue;
        const format = sha.length === 64 ? 'sha256' : 'sha1';
        if (format !== this.#objectFormat) this.#isOurs = false;
        this.#objectFormat = format;
        await this.#make(signal);
        return { sha, ref };
      }
      const instead =
        elsewhere === undefined
          ? 'it has no default branch either: is it empty?'
          : `its default branch is ${elsewhere}`;
      throw new NervesysError(
        'NSV_GIT_FAILED',
        `follow ${branch} of ${shownRepository(repository)}: the repository has no branch and no tag of this name; ${instead}`,
        {
          retryable: true,
          hint: 'the last good configuration holds; push the branch, or name another where the repository is named',
        },
      );
    }, signal);
  }

  /** Fetches the commit, checks whose it is, and what stands in its folder. Rejects with `NSV_GIT_FAILED`. */
  async read(ref: string, signal?: AbortSignal): Promise<FoundRevision> {
    try {
      return await this.#attempt(() => this.#read(ref, signal), signal);
    } catch (error) {
      // Cut off in the middle of writing the copy keeps its locks, one that outgrew its bound stays so, and what is damaged isn't fetched again. It is one
      // commit deep: to begin anew costs one fetch.
      this.#isOurs = false;
      await rm(this.#settings.gitDir, { recursive: true, force: true }).catch(() => undefined); // the next look tells
      throw error;
    }
  }

  async #read(ref: string, signal: AbortSignal | undefined): Promise<FoundRevision> {
    const { repository, signedBy, path } = this.#settings;
    const remote = remoteOptions(repository);
    await this.#git(
      ['fetch', '--quiet', '--no-tags', '--depth=1', '--force', ...remote, '--', repository, `+${ref}:${HEAD}`],
      signal,
    );
    const found = await this.#commit(ref, signal);
    const revision = revisionOfCommit(found.sha);
    const signature = signedBy && (await checkSignature(this.#settings, found.sha, signedBy, signal));
    // What a stranger wrote isn't even read.
    if (signature?.type === 'refused') return refuseCommit(found, revision, signature.problem);
    const commit = { ...found, signer: signature?.by ?? null };
    const complaints: Complaint[] = [];
    const git = (args: readonly string[], input?: string) => this.#git(args, signal, input);
    const texts = await readSettingsFiles(git, commit.sha, path, complaints);
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
  }

  /** What the repository has of these names, and which branch it shows to whoever names none. */
  async #list(
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly commits: ReadonlyMap<string, string>; readonly default: string | undefined }> {
    const { repository } = this.#settings;
    await this.#make(signal);
    const args = ['ls-remote', '--symref', ...remoteOptions(repository), '--', repository, ...names];
    const listed = (await this.#git(args, signal)).toString();
    const lines = listed.split('\n').map((line) => line.split('\t') as [string, string?]);
    const commits = lines.flatMap(([sha, ref]) => (ref !== undefined && SHA.test(sha) ? [[ref, sha] as const] : []));
    const shown = lines.find(([, ref]) => ref === 'HEAD')?.[0];
    return { commits: new Map(commits), default: /^ref: refs\/heads\/(.*)/.exec(shown ?? '')?.[1]?.slice(0, 200) };
  }

  async #commit(ref: string, signal: AbortSignal | undefined): Promise<Commit> {
    const text = (await this.#git(['log', '-1', '--format=%H%x00%an <%ae>%x00%s%x00%ct', HEAD], signal)).toString();
    const [sha = '', author = '', subject = '', seconds = '0'] = text.trimEnd().split('\0');
    if (!SHA.test(sha))
      throw new NervesysError(
        'NSV_GIT_FAILED',
        `follow ${ref} of ${shownRepository(this.#settings.repository)}: it names no commit`,
        {
          retryable: true,
          hint: 'the last good configuration holds; let the tag name a commit',
        },
      );
    return {
      sha,
      author: author.slice(0, 200),
      subject: subject.slice(0, 300),
      committedAt: Number(seconds) * 1_000,
      signer: null,
    };
  }

  async #make(signal: AbortSignal | undefined): Promise<void> {
    const { gitDir, signedBy } = this.#settings;
    if (this.#isOurs && existsSync(join(gitDir, 'HEAD'))) return;
    await checkGitVersion(this.#settings, signedBy !== undefined, signal);
    // What a process before this one has left, by a power loss in the middle of a fetch, may be locked or broken.
    await rm(gitDir, { recursive: true, force: true });
    await mkdir(gitDir, { recursive: true, mode: 0o700 });
    await this.#git(['init', '--quiet', '--bare', '--template=', `--object-format=${this.#objectFormat}`], signal);
    this.#isOurs = true;
  }

  /** What the disk does to us is told like what the repository does: somebody has to see to it. */
  async #attempt<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || typeof (error as NodeJS.ErrnoException | undefined)?.syscall !== 'string') throw error;
      const { repository, gitDir } = this.#settings;
      throw new NervesysError('NSV_GIT_FAILED', `follow ${shownRepository(repository)}: ${describeError(error)}`, {
        retryable: true,
        hint: `the last good configuration holds; see that there is room, and that this user may write, where the copy is: ${gitDir}`,
        cause: error,
      });
    }
  }

  #git(args: readonly string[], signal: AbortSignal | undefined, input?: string): Promise<Buffer> {
    return runGit(this.#settings, args, signal, input);
  }
}

function refuseCommit(commit: Commit, revision: string, problem: string): FoundRevision {
  const reason = `commit ${revision} of ${commit.author} ${problem}; sign it with one of the keys in signed_by, where the repository is named`;
  return {
    revision,
    source: 'git',
    commit,
    files: {},
    config: undefined,
    refusal: { code: 'NSV_COMMIT_NOT_SIGNED', reason, complaints: [reason] },
  };
}
