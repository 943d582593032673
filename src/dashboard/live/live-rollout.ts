import type { RevisionView, RolloutAnswer } from '../../contract/rollout.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { type Api, type RolloutStep, type RolloutWish, reasonOf } from './api.ts';
import type { BrowserClock } from './browser-clock.ts';
import { Store } from './store.ts';

/** What the page of the configuration shows. */
export type RolloutNews =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | {
      readonly type: 'loaded';
      readonly answer: RolloutAnswer;
      /** The one found last first. */
      readonly revisions: readonly RevisionView[];
      /** What everybody is to run in the end, though it may be older than the list. */
      readonly desired: RevisionView | undefined;
    };

/** A thousand servers that take a revision within seconds tell of it one by one; it is fetched this often at most. */
const PACE_MS = 1_000;
/** What no event tells of (a good revision that waits while another one is paused) is seen after this. */
const LOOK_AGAIN_MS = 30_000;

/** Keeps what is known of revisions and their rollout fresh while somebody looks at it: fetched again whenever the fleet's events tell of a change. */
export class LiveRollout {
  readonly news = new Store<RolloutNews>({ type: 'loading' });
  readonly #api: Api;
  readonly #model: Store<FleetModel>;
  readonly #clock: BrowserClock;
  #wake = new AbortController();
  /** Counts what was steered: an answer that was asked for before is older than what is known. */
  #steered = 0;

  constructor(api: Api, model: Store<FleetModel>, clock: BrowserClock) {
    this.#api = api;
    this.#model = model;
    this.#clock = clock;
  }

  /** Until the signal aborts. Then all of it is forgotten: who looks next may be somebody else. */
  async run(signal: AbortSignal): Promise<void> {
    let seen = configFacts(this.#model.value);
    const unsubscribe = this.#model.subscribe(() => {
      const facts = configFacts(this.#model.value);
      if (facts.some((fact, index) => fact !== seen[index])) this.#wake.abort();
      seen = facts;
    });
    try {
      while (!signal.aborted) {
        this.#wake = new AbortController();
        await this.#loadOnce(signal);
        await this.#clock.wait(PACE_MS, signal);
        await this.#clock.wait(LOOK_AGAIN_MS, AbortSignal.any([this.#wake.signal, signal]));
      }
    } finally {
      unsubscribe();
      this.news.set({ type: 'loading' });
    }
  }

  /** Does one step, and shows at once what became of it. Rejects with what the orchestrator says against it. */
  async steer(step: RolloutStep, wish: RolloutWish): Promise<void> {
    const answer = await this.#api.steerRollout(step, wish);
    this.#steered += 1;
    const known = this.news.value;
    if (known.type === 'loaded') {
      const { revisions } = known;
      const desired = findDesired(answer, [...revisions, ...(known.desired === undefined ? [] : [known.desired])]);
      this.news.set({ type: 'loaded', answer, revisions, desired });
    }
    this.#wake.abort();
  }

  async #loadOnce(signal: AbortSignal): Promise<void> {
    const steered = this.#steered;
    try {
      const [answer, revisions] = await Promise.all([this.#api.rollout(signal), this.#api.revisions(signal)]);
      const { desired: name } = answer.config;
      const desired =
        findDesired(answer, revisions) ?? (name === null ? undefined : await this.#api.revision(name, signal));
      if (signal.aborted || steered !== this.#steered) return;
      this.news.set({ type: 'loaded', answer, revisions, desired });
    } catch (error) {
      // What was shown stays on show; the page says by itself that its orchestrator is away.
      if (signal.aborted || this.news.value.type === 'loaded') return;
      this.news.set({ type: 'failed', reason: reasonOf(error) });
    }
  }
}

function findDesired({ config }: RolloutAnswer, revisions: readonly RevisionView[]): RevisionView | undefined {
  return revisions.find((one) => one.revision === config.desired);
}

/** What of the model has to do with it. That a revision was refused is told by an alert alone. */
function configFacts({ config, servers, alerts }: FleetModel): readonly unknown[] {
  const told = alerts.filter(({ kind }) => kind.startsWith('config.'));
  return [config, servers, told.map(({ id, state, last_at }) => `${id} ${state} ${last_at}`).join('\n')];
}
