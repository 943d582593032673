import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Repository, type RepositorySettings } from '../../src/orchestrator/gitops/git/repository.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { tempDir } from './temp-dir.ts';

/** A bare repository and somebody who commits and pushes to it. */
export class TestRepository {
  readonly bare: string;
  readonly #work: string;

  private constructor(folder: string) {
    this.bare = join(folder, 'config.git');
    this.#work = join(folder, 'work');
  }

  static async make(folder: string): Promise<TestRepository> {
    const repository = new TestRepository(folder);
    await mkdir(repository.#work, { recursive: true });
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository.bare]);
    repository.#git('init', '--quiet', '--initial-branch=main');
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

  commit(message: string, ...more: string[]): string {
    this.#git('add', '--all');
    return this.#commitIndex(message, ...more);
  }

  deleteBranch(): void {
    execFileSync('git', ['--git-dir', this.bare, 'update-ref', '-d', 'refs/heads/main']);
  }

  #commitIndex(message: string, ...more: string[]): string {
    this.#git('commit', '--quiet', '--allow-empty', '-m', message, ...more);
    this.#git('push', '--quiet', '--force', 'origin', 'main');
    return this.#git('rev-parse', 'HEAD').trim();
  }

  #git(...args: string[]): string {
    const settings = ['-c', 'user.name=Dana', '-c', 'user.email=dana@example.com', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', ['-C', this.#work, ...settings, ...args], { encoding: 'utf8' });
  }
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
