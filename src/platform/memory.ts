import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: NonNullable<typeof globalThis.gc> | undefined;

/**
 * Frees at once what is not needed any more. V8 does it by itself only under allocation, and late where the memory lies outside its
 * heap, as that of an archive object does: an agent that has finished some work and now waits would hold it for days.
 *
 * `young`: what came and went lately, about a millisecond. `all`: also the code that ran once, and empty pages of the heap;
 * what V8 does before it gives up for want of memory. Some 20 ms, so it is for when all is quiet.
 */
export function freeMemory(what: 'young' | 'all'): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
  }
  if (what === 'young') void collect({ type: 'minor', execution: 'sync' });
  else void collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
