import { readFile, realpath, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DISKS_MAX, type DiskVitals, MOUNT_LENGTH_MAX } from '../../contract/heartbeat.ts';
import type { Clock } from '../../platform/clock.ts';
import { mountPointOf } from './cgroup-figures.ts';
import { diskPercent } from './host-figures.ts';

export interface DiskWatchOptions {
  /** On the file system that is told elsewhere: the buffer's. */
  readonly except: string;
  readonly clock: Clock;
  readonly procFolder: string;
}

/** A network file system whose server is gone holds whoever asks: so long it is waited for, and then nobody asks again until it answers. */
const PATIENCE_MS = 1_000;
/** Folders that are looked at; a source per file may name more. */
const FOLDERS_MAX = 50;

/** Measures the file systems of folders, each file system once. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #last: readonly DiskVitals[] = [];
  #asking: Promise<void> | undefined;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Of a file system that doesn't answer in time the figures from before are told. Never rejects. */
  async read(folders: readonly string[], signal?: AbortSignal): Promise<readonly DiskVitals[]> {
    if (folders.length === 0) return [];
    const { clock } = this.#options;
    this.#asking ??= this.#ask(folders).finally(() => {
      this.#asking = undefined;
    });
    const patience = new AbortController();
    const stop = () => patience.abort();
    signal?.addEventListener('abort', stop, { once: true });
    await Promise.race([this.#asking, clock.sleep(PATIENCE_MS, patience.signal).catch(() => undefined)]);
    patience.abort();
    signal?.removeEventListener('abort', stop);
    return this.#last;
  }

  /** One after the other: one that hangs must not hold all threads that read files. */
  async #ask(folders: readonly string[]): Promise<void> {
    const { except, procFolder } = this.#options;
    const mountinfo = await readFile(`${procFolder}/self/mountinfo`, 'utf8').catch(() => '');
    const told = new Set([await deviceOf(except)]);
    const disks: DiskVitals[] = [];
    for (const folder of [...new Set(folders)].slice(0, FOLDERS_MAX)) {
      if (disks.length === DISKS_MAX) break;
      const there = await standing(folder);
      const device = await deviceOf(there);
      if (device === undefined || told.has(device)) continue;
      told.add(device);
      try {
        const figures = await statfs(there);
        const mount = mountPointOf(mountinfo, there) ?? there;
        disks.push({
          mount: mount.slice(0, MOUNT_LENGTH_MAX),
          percent: diskPercent(figures),
          free_bytes: figures.bavail * figures.bsize,
        });
      } catch {
        // It went while we looked.
      }
    }
    this.#last = disks;
  }
}

/** The folder by its true name, or the nearest one above it that is there. */
async function standing(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined || path === dirname(path)) return real ?? path;
  }
}

async function deviceOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.dev;
}
