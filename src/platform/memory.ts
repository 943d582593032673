import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back what starting needed and idling doesn't: parsed code that ran once, garbage, empty pages of the heap. V8 does this
 * by itself only under allocation, which an idle process hasn't. Takes some 20 ms; to be called once, when all is quiet.
 */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
  // `last-resort` is what V8 does before it gives up for want of memory: it also drops code that can be compiled again.
  void collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
