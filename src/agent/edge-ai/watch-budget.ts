/**
 * Records in a second that are read for what they tell of AI agents' work: some 15 µs each, so a tenth of a core at most. AI agents that really
 * work write a few a second; a flood beyond this is something else, and the other tiers judge it all the same.
 */
const RECORDS_PER_SECOND_MAX = 5_000;
/** Of one AI agent, so that its flood does not hide the others. */
const OF_ONE_MAX = RECORDS_PER_SECOND_MAX / 5;
const SECOND_MS = 1_000;

/** How many records the detectors of AI agents' troubles still read within a second. */
export class WatchBudget {
  #second = Number.NaN;
  #left = 0;
  readonly #taken = new Map<string, number>();

  /** Whether another record of this AI agent is read. `now`: time of arrival, epoch ms. */
  takes(agentId: string, now: number): boolean {
    const second = Math.floor(now / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = RECORDS_PER_SECOND_MAX;
      this.#taken.clear();
    }
    if (this.#left === 0) return false;
    const taken = this.#taken.get(agentId) ?? 0;
    if (taken >= OF_ONE_MAX) return false;
    this.#taken.set(agentId, taken + 1);
    this.#left--;
    return true;
  }
}
