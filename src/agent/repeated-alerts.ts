/** The same trouble is told again this long after, with how often it happened meanwhile. */
export const TOLD_AGAIN_MS = 60_000;

export interface RepeatedAlertsOptions<Hit> {
  /** Any record may name an AI agent of its own; past this many troubles at a time new ones are told together, by group, once a minute. */
  readonly troublesMax: number;
  /** Of these so many of one owner at most, so that whoever floods leaves room to the others; absent: as many as there are. */
  readonly troublesOfOneMax?: number;
  /** What is kept of a hit until it is told: there may be `troublesMax` of them. */
  readonly keep: (hit: Hit) => Hit;
  /** `hits`: how often, since it was told before. `isOfOthers`: it stands for the troubles of its group for which there was no room. */
  readonly tell: (latest: Hit, hits: number, at: number, isOfOthers: boolean) => void;
}

interface Trouble<Hit> {
  readonly owner: string;
  toldAt: number;
  /** Hits since it was told. */
  untold: number;
  latest: Hit;
  latestAt: number;
}

/** Tells each trouble at once, then at most once a minute. Bounded in memory and in what people are told. */
export class RepeatedAlerts<Hit> {
  readonly #options: RepeatedAlertsOptions<Hit>;
  readonly #troubles = new Map<string, Trouble<Hit>>();
  /** How many of them each owner has. */
  readonly #owned = new Map<string, number>();
  /** By group: those for which there was no room. */
  readonly #others = new Map<string, Trouble<Hit>>();

  constructor(options: RepeatedAlertsOptions<Hit>) {
    this.#options = options;
  }

  /** `group`: of few that there are; `owner`: who has the trouble. `now`: epoch ms. */
  hit(key: string, group: string, hit: Hit, now: number, owner = ''): void {
    const { troublesMax, troublesOfOneMax = troublesMax, keep, tell } = this.#options;
    const owned = this.#owned.get(owner) ?? 0;
    const isRoom = this.#troubles.size < troublesMax && owned < troublesOfOneMax;
    const known = this.#troubles.get(key) ?? (isRoom ? undefined : this.#others.get(group));
    if (known !== undefined) {
      known.untold++;
      known.latest = keep(hit);
      known.latestAt = now;
      return;
    }
    const trouble = { owner, toldAt: now, untold: isRoom ? 0 : 1, latest: keep(hit), latestAt: now };
    if (!isRoom) {
      this.#others.set(group, trouble);
      return;
    }
    this.#troubles.set(key, trouble);
    this.#owned.set(owner, owned + 1);
    tell(hit, 1, now, false);
  }

  /** Tells what hit again and has waited its minute, and forgets what is over. Returns when to come again (epoch ms), if ever. */
  tellAgain(now: number): number | undefined {
    const next = [this.#tellOf(this.#troubles, now, false), this.#tellOf(this.#others, now, true)];
    const due = next.filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Tells what hit again without waiting: there will be nobody to do so. */
  tellRest(): void {
    this.tellAgain(Number.POSITIVE_INFINITY);
  }

  #tellOf(troubles: Map<string, Trouble<Hit>>, now: number, isOfOthers: boolean): number | undefined {
    let next: number | undefined;
    for (const [key, trouble] of troubles) {
      const dueAt = trouble.toldAt + TOLD_AGAIN_MS;
      if (dueAt > now && trouble.toldAt <= now) {
        next = Math.min(next ?? dueAt, dueAt);
        continue;
      }
      if (trouble.untold === 0) this.#forget(troubles, key, trouble);
      else {
        const { latest, untold, latestAt } = trouble;
        this.#options.tell(latest, untold, latestAt, isOfOthers);
        trouble.untold = 0;
        trouble.toldAt = now;
        next = Math.min(next ?? now + TOLD_AGAIN_MS, now + TOLD_AGAIN_MS);
      }
    }
    return next;
  }

  #forget(troubles: Map<string, Trouble<Hit>>, key: string, { owner }: Trouble<Hit>): void {
    troubles.delete(key);
    if (troubles !== this.#troubles) return;
    const left = this.#owned.get(owner)! - 1;
    if (left === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, left);
  }
}
