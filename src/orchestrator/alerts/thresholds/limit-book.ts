import type { Config, Limit, Thresholds } from '../../../config/index.ts';
import type { ThresholdKey } from './find-breaches.ts';

/** What every limit of a configuration lies at or above: below it nobody has to look closer. */
export interface LowestLimits extends Readonly<Record<ThresholdKey, number>> {
  readonly bufferMb: number;
}

/** The limits of one configuration, by whom they hold for. */
export class LimitBook {
  readonly lowest: LowestLimits;
  /** What `bufferPercent` is a share of. */
  readonly bufferLimitBytes: number;
  readonly #defaults: Thresholds;
  readonly #agents: ReadonlyMap<string, Thresholds>;

  /** `builtIn` fills in what a configuration doesn't know that an older version has stored. */
  constructor({ agentDefaults, agents, storage }: Config, builtIn: Thresholds) {
    this.#defaults = filledIn(agentDefaults.thresholds, builtIn);
    this.#agents = new Map(agents.map(({ agentId, thresholds }) => [agentId, filledIn(thresholds, this.#defaults)]));
    this.bufferLimitBytes = storage.buffer.limitBytes;
    const all = [this.#defaults, ...this.#agents.values()];
    const least = (key: ThresholdKey) =>
      Math.min(...all.flatMap((limits) => [limits[key].warning, limits[key].critical]));
    const lowest = mapLimits(this.#defaults, (_, key) => least(key));
    this.lowest = { ...lowest, bufferMb: ((lowest.bufferPercent / 100) * this.bufferLimitBytes) / 1e6 };
  }

  forAgent(agentId: string): Thresholds {
    return this.#agents.get(agentId) ?? this.#defaults;
  }

  /**
   * For a server on which these AI agents live. A limit that one of them has of its own wins over the default; of several the
   * strictest holds. One that says what the defaults say is none of its own.
   */
  forServer(agentIds: readonly string[]): Thresholds {
    const residents = agentIds.flatMap((agentId) => this.#agents.get(agentId) ?? []);
    if (residents.length === 0) return this.#defaults;
    return mapLimits(this.#defaults, (general, key) => {
      const own = residents.map((limits) => limits[key]).filter((limit) => !isSame(limit, general));
      return own.length === 0 ? general : own.reduce(stricter);
    });
  }
}

function stricter(a: Limit, b: Limit): Limit {
  return {
    warning: Math.min(a.warning, b.warning),
    critical: Math.min(a.critical, b.critical),
    forMs: Math.min(a.forMs, b.forMs),
    hysteresisPercent: Math.max(a.hysteresisPercent, b.hysteresisPercent),
    clearAfterMs: Math.max(a.clearAfterMs, b.clearAfterMs),
  };
}

function isSame(a: Limit, b: Limit): boolean {
  return (Object.keys(a) as (keyof Limit)[]).every((key) => a[key] === b[key]);
}

function filledIn(stored: Partial<Thresholds>, general: Thresholds): Thresholds {
  return mapLimits(general, (limit, key) => ({ ...limit, ...stored[key] }));
}

function mapLimits<T>(thresholds: Thresholds, to: (limit: Limit, key: ThresholdKey) => T): Record<ThresholdKey, T> {
  const entries = Object.entries(thresholds).map(([key, limit]) => [key, to(limit, key as ThresholdKey)]);
  return Object.fromEntries(entries) as Record<ThresholdKey, T>;
}
