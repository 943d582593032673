import { cpSync } from 'node:fs';

/** What the next process would find if this one were killed now: the folder as it lies there, without what lives in memory and without the lock. */
export function copyAsAfterCrash(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('-shm') && !path.endsWith('.lock') });
}
