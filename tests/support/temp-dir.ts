import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A new empty folder that goes when the test ends. */
export async function tempDir(t: Pick<TestContext, 'after'>, prefix = 'nervesys-'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  // A process of the test that ends after this may still write there: it is taken away once that has ended.
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return dir;
}
