import { appendFile, copyFile, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Hex } from '../../../src/platform/digest.ts';
import type { Random } from '../../support/random.ts';
import { noise } from './noise.ts';

const PAUSE_MS_MAX = 10;
const LINES_MAX = 20;
/** A file is rotated at this size, as soon as the agent knows it. */
const ROTATE_BYTES = 200_000;
const ROTATED_KEPT = 5;
const RENAMES_PER_TRUNCATION = 2;
const QUIET_MS_MAX = 1_000;

/**
 * A program that writes numbered lines to a file and rotates it, by turns by rename and by copy and truncation, while its agent
 * is killed. It rotates as followers need it: by rename only a file whose position the agent has noted, since a file that came and went
 * while no agent ran is nobody's, and it keeps what was not read yet; by truncation only what was read to its end, since nobody reads what is cut off.
 */
export class LogWriter {
  readonly path: string;
  readonly #buffer: string;
  readonly #random: Random;
  lines = 0;
  readonly rotations = { rename: 0, truncate: 0 };

  constructor(path: string, bufferPath: string, random: Random) {
    this.path = path;
    this.#buffer = bufferPath;
    this.#random = random;
  }

  async run(signal: AbortSignal): Promise<void> {
    const random = this.#random;
    let bytes = 0;
    while (!signal.aborted) {
      let text = '';
      for (let i = Math.floor(random() * LINES_MAX); i >= 0; i--)
        text += `line ${++this.lines} ${noise(random, 200)}\n`;
      const cut = Math.floor(random() * text.length); // a follower sees half a line now and then
      await appendFile(this.path, text.slice(0, cut));
      await sleep(random() * PAUSE_MS_MAX);
      await appendFile(this.path, text.slice(cut));
      bytes += text.length;
      if (bytes >= ROTATE_BYTES && (await this.#rotate())) bytes = 0;
    }
  }

  async #rotate(): Promise<boolean> {
    if ((await this.#notedOffset(this.path)) === undefined) return false;
    if (this.rotations.truncate * RENAMES_PER_TRUNCATION < this.rotations.rename && (await this.#isReadSoon())) {
      await copyFile(this.path, `${this.path}.copy`);
      await truncate(this.path);
      this.rotations.truncate++;
      return true;
    }
    const oldest = `${this.path}.${ROTATED_KEPT}`;
    const last = await stat(oldest).catch(() => undefined);
    if (last !== undefined && (await this.#notedOffset(oldest)) !== last.size) return false; // still being read
    await rm(oldest, { force: true });
    for (let n = ROTATED_KEPT - 1; n >= 1; n--)
      await rename(`${this.path}.${n}`, `${this.path}.${n + 1}`).catch(() => 0);
    await rename(this.path, `${this.path}.1`);
    this.rotations.rename++;
    return true;
  }

  /** Whether the file is read to its end within a moment, in which nothing is written. */
  async #isReadSoon(): Promise<boolean> {
    const deadline = performance.now() + QUIET_MS_MAX;
    const { size } = await stat(this.path);
    while (performance.now() < deadline) {
      if ((await this.#notedOffset(this.path)) === size) return true;
      await sleep(PAUSE_MS_MAX);
    }
    return false;
  }

  /**
   * How far the agent has durably read a file, as an outside reader of its buffer sees it; `undefined`: it doesn't know it yet. A position of
   * the file that had the inode before is none of this one.
   */
  async #notedOffset(path: string): Promise<number | undefined> {
    const { dev, ino } = await stat(path, { bigint: true });
    try {
      using db = new DatabaseSync(this.#buffer, { readOnly: true });
      const select = 'SELECT "offset", fingerprint, fingerprint_bytes AS bytes FROM positions WHERE file = ?';
      const row = db.prepare(select).get(`${dev}:${ino}`);
      if (row === undefined || row['bytes'] === 0) return undefined;
      const head = (await readFile(path)).subarray(0, Number(row['bytes']));
      return sha256Hex(head) === row['fingerprint'] ? Number(row['offset']) : undefined;
    } catch {
      return undefined; // not there yet, or locked by an agent that starts
    }
  }
}
