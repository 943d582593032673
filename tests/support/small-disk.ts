import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that is easily filled up: a tmpfs. */
export class SmallDisk implements Disposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Mounts one, or returns the reason why there can be none. */
  static mount(megabytes: number): SmallDisk | string {
    const dir = mkdtempSync(join(tmpdir(), 'nervesys-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], { stdio: 'pipe' });
      return new SmallDisk(dir);
    } catch (error) {
      rmSync(dir, { recursive: true });
      return `a small file system can't be mounted here (it takes root): ${(error as Error).message.split('\n')[0]}`;
    }
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.dir]);
    rmSync(this.dir, { recursive: true });
  }
}
