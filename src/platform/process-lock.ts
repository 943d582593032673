import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/**
 * A lock that at most one process holds, and that the system releases when its holder dies however it dies: an exclusive
 * transaction on an empty SQLite file (Node has no flock). The file stays, empty; only the lock on it counts.
 */
export class ProcessLock implements Disposable {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Takes the lock at `path`, whose folder must exist; `undefined` when another process holds it. Throws when the file can't be used. */
  static take(path: string): ProcessLock | undefined {
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE'); // no journal file: nothing is written
      return new ProcessLock(db);
    } catch (error) {
      db.close();
      if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
      throw error;
    }
  }

  /** Safe twice. */
  release(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
