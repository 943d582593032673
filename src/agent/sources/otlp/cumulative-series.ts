import { createHash } from 'node:crypto';

/** A point of a cumulative series: its sum, and how many measurements are in it where that is told. */
export interface SeriesPoint {
  /** When the sender began to count, ns since 1970. */
  readonly startedAt: bigint;
  readonly value: number;
  readonly count: number;
}

/** About 2 MB of memory. The series heard least lately is forgotten. */
const SERIES_MAX = 10_000;

/**
 * The last point of each cumulative series, in memory. A request is taken in two steps: `increase` for each of its points, then
 * `learn` once they are stored. A request that was refused, and is sent again, so gets the same differences.
 */
export class CumulativeSeries {
  readonly #known: SeriesMemory;
  readonly #learnt = new Map<string, SeriesPoint>();

  constructor(known: SeriesMemory) {
    this.#known = known;
  }

  /**
   * What the point adds to the series' last one. A sender that began anew counts from zero. `undefined` where the last one isn't
   * known and the sender has been counting for longer than we listen.
   */
  increase(key: string, point: SeriesPoint): { value: number; count: number } | undefined {
    const id = createHash('sha256').update(key).digest('base64');
    const last = this.#learnt.get(id) ?? this.#known.get(id);
    this.#learnt.set(id, point);
    if (last === undefined)
      return this.#known.heardAllSince(point.startedAt) ? { value: point.value, count: point.count } : undefined;
    const began = last.startedAt !== point.startedAt || point.count < last.count;
    return began
      ? { value: point.value, count: point.count }
      : { value: point.value - last.value, count: point.count - last.count };
  }

  learn(): void {
    for (const [id, point] of this.#learnt) this.#known.set(id, point);
  }
}

/** Bounded, newest kept. */
export class SeriesMemory {
  readonly #points = new Map<string, SeriesPoint>();
  readonly #listeningSince: bigint;
  #forgot = false;

  /** `listeningSince` is epoch ms. */
  constructor(listeningSince: number) {
    this.#listeningSince = BigInt(listeningSince) * 1_000_000n;
  }

  /** Whether a series that began then, and isn't known, has never been heard. */
  heardAllSince(startedAt: bigint): boolean {
    return !this.#forgot && startedAt >= this.#listeningSince;
  }

  get(id: string): SeriesPoint | undefined {
    return this.#points.get(id);
  }

  set(id: string, point: SeriesPoint): void {
    this.#points.delete(id); // to its end, which is the newest
    this.#points.set(id, point);
    if (this.#points.size <= SERIES_MAX) return;
    this.#points.delete(this.#points.keys().next().value!);
    this.#forgot = true;
  }
}
