import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Complaint, checkConfigFolder, formatComplaint } from '../../../config/index.ts';
import { errorCode, NervesysError } from '../../../platform/errors.ts';
import type { FoundRevision } from '../found-revision.ts';
import { type GitOptions, runGit } from './run-git.ts';

export interface RepositorySettings extends GitOptions {
  /** A branch or a tag. */
  readonly branch: string;
  /** The configuration's folder in the repository; empty: its root. */
  readonly path: string;
}

const HEAD = 'refs/nervesys/head';
const FILES_MAX = 20_000;
const FILE_BYTES_MAX = 256 * 1024;
const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** A bare copy of the repository that is followed, one commit deep. */
export class Repository {
  readonly #settings: RepositorySettings;

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

  /** Fetches the commit and checks what stands in its folder. Rejects with `NSV_GIT_FAILED`. */
  async read(ref: string, signal?: AbortSignal): Promise<FoundRevision> {
    const { repository } = this.#settings;
    await this.#git(
      ['fetch', '--quiet', '--no-tags', '--depth=1', '--force', '--', repository, `+${ref}:${HEAD}`],
      signal,
    );
    const commit = await this.#commit(signal);
    const revision = commit.sha.slice(0, 12);
    const { files, complaints } = await this.#files(commit.sha, signal);
    const folder = await mkdtemp(join(tmpdir(), 'nervesys-revision-'));
    try {
      for (const [name, body] of files) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), body);
      }
      const checked = await checkConfigFolder(folder);
      const found = [...complaints, ...checked.complaints].map(formatComplaint);
      const isGood = checked.config !== undefined && found.length === 0;
      return {
        revision,
        source: 'git',
        commit,
        files: Object.fromEntries(checked.texts),
        config: isGood ? { ...checked.config!, revision } : undefined,
        refusal: isGood
          ? undefined
          : {
              code: 'NSV_CONFIG_INVALID',
              reason: found.length === 1 ? found[0]! : `${found.length} mistakes, the first: ${found[0]}`,
              complaints: found,
            },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The settings files of a commit, never checked out: only plain files under names that nobody can mistake. */
  async #files(
    sha: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly files: ReadonlyMap<string, Buffer>; readonly complaints: readonly Complaint[] }> {
    const { path } = this.#settings;
    const prefix = path === '' ? '' : `${path.replace(/^\/+|\/+$/g, '')}/`;
    const args = ['ls-tree', '-r', '-z', '--full-tree', '--long', sha, ...(prefix === '' ? [] : ['--', prefix])];
    const entries = (await this.#git(args, signal))
      .toString('latin1')
      .split('\0')
      .filter((line) => line !== '');
    const complaints: Complaint[] = [];
    const wanted: { readonly name: string; readonly object: string }[] = [];
    const complain = (file: string, problem: string, remedy: string) => complaints.push({ file, problem, remedy });
    if (entries.length > FILES_MAX)
      complain(prefix || '.', `holds ${entries.length} files`, `use at most ${FILES_MAX}`);
    for (const entry of entries.slice(0, FILES_MAX)) {
      const [, mode, type, object = '', size, full = ''] =
        /^(\d{6}) (\w+) ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(entry) ?? [];
      const name = Buffer.from(full, 'latin1').toString('utf8').slice(prefix.length);
      if (!/^(?:agents\/)?[^/]+\.ya?ml$/i.test(name)) continue; // nobody's business
      const shown = name.replace(/[\p{Cc}\ufffd]/gu, '?');
      if (shown !== name || name.includes('\\') || name.startsWith('.'))
        complain(shown, 'has an odd name', 'use letters, digits, - and _');
      else if (type !== 'blob' || mode === '120000')
        complain(name, 'is a link, not a file', 'put the file itself there');
      else if (Number(size) > FILE_BYTES_MAX) complain(name, `has ${size} bytes`, `use at most ${FILE_BYTES_MAX}`);
      else wanted.push({ name, object });
    }
    return { files: await this.#blobs(wanted, signal), complaints };
  }

  async #blobs(
    wanted: readonly { readonly name: string; readonly object: string }[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, Buffer>> {
    const files = new Map<string, Buffer>();
    if (wanted.length === 0) return files;
    const input = `${wanted.map(({ object }) => object).join('\n')}\n`;
    const output = await runGit(this.#settings, ['cat-file', '--batch'], signal, input);
    let at = 0;
    for (const { name } of wanted) {
      const end = output.indexOf(0x0a, at);
      const size = Number(output.toString('latin1', at, end).split(' ')[2]);
      files.set(name, output.subarray(end + 1, end + 1 + size));
      at = end + 1 + size + 1;
    }
    return files;
  }

  async #commit(signal: AbortSignal | undefined): Promise<NonNullable<FoundRevision['commit']>> {
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
    await mkdir(this.#settings.gitDir, { recursive: true, mode: 0o700 });
    await this.#git(['init', '--quiet', '--bare'], signal); // of one that is there it changes nothing
  }

  async #git(args: readonly string[], signal: AbortSignal | undefined): Promise<Buffer> {
    try {
      return await runGit(this.#settings, args, signal);
    } catch (error) {
      // One that outgrew its bound, or was broken by a power loss, is fetched anew.
      if (errorCode(error) === 'NSV_GIT_FAILED' && args[0] === 'fetch')
        await rm(this.#settings.gitDir, { recursive: true, force: true });
      throw error;
    }
  }
}
