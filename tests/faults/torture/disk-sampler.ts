import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { COUNTERS, type SamplerInput } from './disk-sampler-thread.ts';

export interface DiskFigures {
  readonly samples: number;
  readonly bytesMax: number;
  /** Samples above the limit. */
  readonly above: number;
}

/** Looks all the time, on a thread of its own, at how much stands in a folder. */
export class DiskSampler implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #counters: BigInt64Array;

  constructor(folder: string, limitBytes: number) {
    const shared = new SharedArrayBuffer(COUNTERS.length * 8);
    this.#counters = new BigInt64Array(shared);
    const workerData: SamplerInput = { folder, limitBytes, shared };
    this.#worker = new Worker(new URL('./disk-sampler-thread.ts', import.meta.url), { workerData });
  }

  get figures(): DiskFigures {
    const [samples, bytesMax, above] = COUNTERS.map((_, index) => Number(Atomics.load(this.#counters, index)));
    return { samples: samples!, bytesMax: bytesMax!, above: above! };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#worker, 'exit');
    await this.#worker.terminate();
    await exited;
  }
}
