import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

export interface SamplerInput {
  readonly folder: string;
  readonly limitBytes: number;
  readonly shared: SharedArrayBuffer;
}

export const COUNTERS = ['samples', 'bytesMax', 'above'] as const;
const EACH_MS = 2;

/**
 * Sizes can't be read at one instant, so a sample counts when two readings in a row are the same: between them nothing changed,
 * and that sum stood there.
 */
function sample({ folder, limitBytes, shared }: SamplerInput): void {
  const before = sizesIn(folder);
  const after = sizesIn(folder);
  if (before === undefined || after === undefined || before.text !== after.text) return;
  const counters = new BigInt64Array(shared);
  Atomics.add(counters, 0, 1n);
  if (BigInt(after.bytes) > Atomics.load(counters, 1)) Atomics.store(counters, 1, BigInt(after.bytes));
  if (after.bytes > limitBytes) Atomics.add(counters, 2, 1n);
}

function sizesIn(folder: string): { readonly text: string; readonly bytes: number } | undefined {
  try {
    const sizes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size] as const);
    return { text: JSON.stringify(sizes), bytes: sizes.reduce((sum, [, size]) => sum + size, 0) };
  } catch {
    return undefined; // not there yet, or a file went meanwhile
  }
}

if (!isMainThread) {
  const input = workerData as SamplerInput;
  const idle = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    sample(input);
    Atomics.wait(idle, 0, 0, EACH_MS);
  }
}
