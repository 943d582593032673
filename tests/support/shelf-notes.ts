import { createHash } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../src/platform/errors.ts';
import { randomHex } from '../../src/platform/random.ts';
import type { ShelfNotes } from '../../src/storage/shelf.ts';

/** Notes in a folder: as durable as the database's, and shared by processes. */
export class FileNotes implements ShelfNotes {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async read(key: string): Promise<string | undefined> {
    return readFile(this.#pathOf(key), 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
  }

  async claim(key: string, value: string): Promise<string> {
    checkBounds(key, value);
    const draft = join(this.#dir, randomHex());
    await writeFile(draft, value);
    try {
      await link(draft, this.#pathOf(key)); // fails where something stands
      return value;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      return (await this.read(key))!;
    } finally {
      await rm(draft);
    }
  }

  async replace(key: string, old: string, value: string): Promise<string> {
    checkBounds(key, value);
    const lock = `${this.#pathOf(key)}.lock`;
    while ((await mkdir(lock).catch(errorCode)) === 'EEXIST') await new Promise((done) => setImmediate(done));
    try {
      const standing = await this.read(key);
      if (standing !== undefined && standing !== old) return standing;
      const draft = join(this.#dir, randomHex());
      await writeFile(draft, value);
      await rename(draft, this.#pathOf(key));
      return value;
    } finally {
      await rm(lock, { recursive: true });
    }
  }

  #pathOf(key: string): string {
    return join(this.#dir, createHash('sha256').update(key).digest('hex'));
  }
}

/** As wide as the columns of the table. */
function checkBounds(key: string, value: string): void {
  if (key.length > 400 || value.length > 1000) throw new RangeError(`a note of ${key.length} and ${value.length}`);
}
