import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../../servers/fault-proxy.ts';
import type { Fault, S3Server } from '../../servers/s3-server.ts';
import { pick, type Random } from '../../support/random.ts';

/** What an archive's requests meet, until `heal`. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'too many': { type: 'status', status: 429, code: 'SlowDown', retryAfter: '1' },
  error: { type: 'status', status: 500, code: 'InternalError' },
  busy: { type: 'status', status: 503 },
  denied: { type: 'status', status: 403, code: 'AccessDenied' },
  'no answer': { type: 'hang' },
  'lost request': { type: 'dropBefore' },
  'lost answer': { type: 'dropAfter' },
  'truncated answer': { type: 'truncate' },
};
const LINES: Readonly<Record<string, (proxy: FaultProxy, random: Random) => void>> = {
  cut: (proxy) => proxy.cut(),
  'half-open': (proxy) => proxy.stall(),
  slow: (proxy, random) => proxy.slow(50_000 + random() * 1_000_000),
  'truncated request': (proxy, random) => proxy.cutAfter(random() * 400_000),
};
export const TROUBLES = [...Object.keys(FAULTS), ...Object.keys(LINES)];
/** More requests than there are in any trouble: it lasts until it is healed. */
const LASTING = 10_000;

export interface TroublePace {
  readonly calmMsMax: number;
  readonly troubleMsMax: number;
  /** The part of troubles that last up to `outageMsMax`: the buffer fills up meanwhile. */
  readonly outages: number;
  readonly outageMsMax: number;
}

/** An archive that fails in every way there is, one after the other, each for a while. */
export class ArchiveTrouble {
  readonly met = new Map<string, number>(TROUBLES.map((trouble) => [trouble, 0]));
  readonly #s3: S3Server;
  readonly #proxy: FaultProxy;
  readonly #random: Random;

  constructor(s3: S3Server, proxy: FaultProxy, random: Random) {
    this.#s3 = s3;
    this.#proxy = proxy;
    this.#random = random;
  }

  /** Goes on until the signal aborts, and heals at the end. */
  async run({ calmMsMax, troubleMsMax, outages, outageMsMax }: TroublePace, signal: AbortSignal): Promise<void> {
    const random = this.#random;
    while (!signal.aborted) {
      this.#heal();
      await sleep(random() * calmMsMax, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const trouble = pick(random, TROUBLES);
      this.met.set(trouble, this.met.get(trouble)! + 1);
      // A fault that comes a few times only is another story: retries of one attempt meet both the fault and its end.
      const fault = FAULTS[trouble];
      if (fault !== undefined) this.#s3.failNext(random() < 0.5 ? 1 + Math.floor(random() * 3) : LASTING, fault);
      else LINES[trouble]!(this.#proxy, random);
      const forMs = random() < outages ? outageMsMax : troubleMsMax;
      await sleep(random() * forMs, undefined, { signal }).catch(() => undefined);
    }
    this.#heal();
  }

  #heal(): void {
    this.#s3.heal();
    this.#proxy.resume();
  }
}
