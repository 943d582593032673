import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Repository, type RepositorySettings } from '../../src/config/git/repository.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { tempDir } from './temp-dir.ts';

/** A bare repository and somebody who commits and pushes to it. */
export class TestRepository {
  readonly bare: string;
  readonly #work: string;
  /** How commits and tags are signed from now on; absent: they aren't. */
  signing: Signing | undefined;

  private constructor(folder: string) {
    this.bare = join(folder, 'config.git');
    this.#work = join(folder, 'work');
  }

  static async make(folder: string, objectFormat = 'sha1'): Promise<TestRepository> {
    const repository = new TestRepository(folder);
    await mkdir(repository.#work, { recursive: true });
    const made = ['init', '--quiet', '--initial-branch=main', `--object-format=${objectFormat}`];
    execFileSync('git', [...made, '--bare', repository.bare]);
    repository.#git(...made);
    repository.#git('remote', 'add', 'origin', repository.bare);
    return repository;
  }

  /** Commits exactly these files below `config/`, pushes, and answers the commit. */
  async push(files: Readonly<Record<string, string | Uint8Array>>, message = 'a change'): Promise<string> {
    await rm(join(this.#work, 'config'), { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.#work, 'config', name)), { recursive: true });
      await writeFile(join(this.#work, 'config', name), text);
    }
    return this.commit(message);
  }

  /** Puts a commit without parents on each of these branches, with exactly these files below `config/`: many at once, by one git. */
  import(branches: ReadonlyMap<string, Readonly<Record<string, string | Uint8Array>>>): void {
    const stream: (string | Uint8Array)[] = [];
    const data = (body: string | Uint8Array) => stream.push(`data ${Buffer.byteLength(body)}\n`, body, '\n');
    for (const [branch, files] of branches) {
      stream.push(`commit refs/heads/${branch}\ncommitter Dana <dana@example.com> 1767225600 +0000\n`);
      data(branch);
      for (const [name, body] of Object.entries(files)) {
        stream.push(`M 100644 inline config/${name}\n`);
        data(body);
      }
    }
    const input = Buffer.concat(stream.map((part) => Buffer.from(part)));
    execFileSync('git', ['--git-dir', this.bare, 'fast-import', '--quiet'], { input });
  }

  async link(name: string, target: string): Promise<string> {
    await mkdir(dirname(join(this.#work, 'config', name)), { recursive: true });
    await symlink(target, join(this.#work, 'config', name));
    return this.commit('a link');
  }

  /** Commits exactly these files, wherever they are in the repository; a value that begins with → is a link to what follows. */
  async pushTree(files: Readonly<Record<string, string>>): Promise<string> {
    for (const name of await readdir(this.#work))
      if (name !== '.git') await rm(join(this.#work, name), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.#work, name)), { recursive: true });
      if (text.startsWith('→')) await symlink(text.slice(1), join(this.#work, name));
      else await writeFile(join(this.#work, name), text);
    }
    return this.commit('another tree');
  }

  /** Puts a submodule at a path, as `git submodule add` would; the repository it names need not exist. */
  addSubmodule(path: string): string {
    this.#git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${path}`);
    return this.#commitIndex('a submodule');
  }

  /** Commits files of one text under names that no disk need take. */
  plant(paths: readonly string[], text: string): string {
    const object = execFileSync('git', ['-C', this.#work, 'hash-object', '-w', '--stdin'], { input: text }).toString();
    const lines = paths.map((path) => `100644 ${object.trim()}\t${path}\0`).join('');
    execFileSync('git', ['-C', this.#work, 'update-index', '-z', '--add', '--index-info'], { input: lines });
    return this.#commitIndex('planted');
  }

  commit(message: string, ...more: string[]): string {
    this.#git('add', '--all');
    return this.#commitIndex(message, ...more);
  }

  /** Signed, where `signing` says how; it names what the branch is at. */
  tag(name: string): void {
    this.#git('tag', '--force', ...(this.signing === undefined ? ['--annotate'] : ['--sign']), '-m', 'a tag', name);
    this.#git('push', '--quiet', '--force', 'origin', `refs/tags/${name}`);
  }

  /** Puts an edited copy of the newest commit in its place, signature and all. */
  forge(edit: (commit: string) => string): string {
    const forged = edit(this.#git('cat-file', 'commit', 'HEAD'));
    const stored = execFileSync('git', ['-C', this.#work, 'hash-object', '-t', 'commit', '-w', '--stdin'], {
      input: forged,
      encoding: 'utf8',
    }).trim();
    return this.goTo(stored);
  }

  /** The branch is at a commit that there is, as after a force-push. */
  goTo(sha: string): string {
    this.#git('reset', '--quiet', '--hard', sha);
    this.#git('push', '--quiet', '--force', 'origin', 'main');
    return sha;
  }

  head(): string {
    return this.#git('rev-parse', 'HEAD').trim();
  }

  tree(sha = 'HEAD'): string {
    return this.#git('rev-parse', `${sha}^{tree}`).trim();
  }

  deleteBranch(): void {
    execFileSync('git', ['--git-dir', this.bare, 'update-ref', '-d', 'refs/heads/main']);
  }

  #commitIndex(message: string, ...more: string[]): string {
    const sign = this.signing === undefined ? [] : ['-S'];
    this.#git('commit', '--quiet', '--allow-empty', ...sign, '-m', message, ...more);
    this.#git('push', '--quiet', '--force', 'origin', 'main');
    return this.#git('rev-parse', 'HEAD').trim();
  }

  #git(...args: string[]): string {
    const settings = {
      'user.name': 'Dana',
      'user.email': 'dana@example.com',
      'commit.gpgsign': 'false',
      ...this.signing?.settings,
    };
    const given = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    return execFileSync('git', ['-C', this.#work, ...given, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...this.signing?.env },
    });
  }
}

export interface Signing {
  readonly settings: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A repository that somebody pushes to, and our following of it over file://. */
export async function openRepository(t: TestContext, more: Partial<RepositorySettings> = {}) {
  const folder = await tempDir(t);
  const pushed = await TestRepository.make(folder);
  const settings: RepositorySettings = {
    repository: `file://${pushed.bare}`,
    branch: 'main',
    path: 'config',
    credentials: {},
    gitDir: join(folder, 'followed.git'),
    clock: systemClock,
    timeoutMs: 30_000,
    bytesMax: 50_000_000,
    ...more,
  };
  const repository = new Repository(settings);
  return { folder, pushed, settings, repository, read: async () => repository.read((await repository.head()).ref) };
}
