import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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

  commit(message: string, ...more: string[]): string {
    this.#git('add', '--all');
    this.#git('commit', '--quiet', '--allow-empty', '-m', message, ...more);
    this.#git('push', '--quiet', '--force', 'origin', 'main');
    return this.#git('rev-parse', 'HEAD').trim();
  }

  deleteBranch(): void {
    execFileSync('git', ['--git-dir', this.bare, 'update-ref', '-d', 'refs/heads/main']);
  }

  #git(...args: string[]): string {
    const settings = ['-c', 'user.name=Dana', '-c', 'user.email=dana@example.com', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', ['-C', this.#work, ...settings, ...args], { encoding: 'utf8' });
  }
}
