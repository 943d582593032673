import { emptyLevelCounts } from '../../src/contract/record.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { PostgresEventHub } from '../../src/orchestrator/fleet/event-hub.ts';
import { FleetHearing } from '../../src/orchestrator/fleet/fleet-hearing.ts';
import { DEFAULT_FLEET_POLICY } from '../../src/orchestrator/fleet/judge-state.ts';
import { StateWatch } from '../../src/orchestrator/fleet/state-watch.ts';
import { Transitions } from '../../src/orchestrator/fleet/transitions.ts';
import { DesiredConfig } from '../../src/orchestrator/gitops/desired-config.ts';
import { RolloutWatch } from '../../src/orchestrator/gitops/rollout-watch.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { heartbeat, type TestOrchestrator } from './orchestrator.ts';
import { until } from './until.ts';

/** What a revision does to an agent that takes it. */
export type Effect = 'works' | 'silences' | 'makes errors' | 'loses records' | 'is refused';

/** The host's clock, and what is made to pass at once. Sleeping takes as long as it does. */
export class SetClock implements Clock {
  #aheadMs = 0;
  #passedMs = 0;

  now(): number {
    return systemClock.now() + this.#aheadMs + this.#passedMs;
  }
  monotonic(): number {
    return systemClock.monotonic() + this.#passedMs;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }
  /** Time goes by. */
  pass(ms: number): void {
    this.#passedMs += ms;
  }
  /** Somebody sets the wall clock, or the machine has slept: durations know nothing of it. */
  jump(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** An agent as the orchestrator sees one: it asks for its configuration and beats, by HTTP, with a key of its own. */
export class SimulatedAgent {
  readonly server: string;
  readonly key: string;
  running: string | null = null;
  /** What it was given last. */
  offered: string | null = null;
  error: string | null = null;
  effect: Effect = 'works';
  /** It follows a repository by itself from now on, and asks nobody. */
  pulls = false;
  #lost = 0;

  constructor(server: string, key: string) {
    this.server = server;
    this.key = key;
  }

  get isSilent(): boolean {
    return this.effect === 'silences';
  }

  async ask(system: TestOrchestrator, effectOf: (revision: string) => Effect): Promise<void> {
    if (this.isSilent || this.pulls) return;
    const headers = this.offered === null ? {} : { 'if-none-match': `"${this.offered}"` };
    const answer = await system.ask('GET', '/api/v1/config', { key: this.key, headers });
    if (answer.status === 304 || answer.json?.code === 'NSV_CONFIG_NONE') return;
    if (answer.status !== 200) throw new Error(answer.text);
    const revision: string = answer.json.revision;
    this.offered = revision;
    this.effect = effectOf(revision);
    if (this.effect === 'is refused') this.error = 'there is no file /var/log/grok';
    else {
      this.running = revision;
      this.error = null;
    }
  }

  async beat(system: TestOrchestrator, at: number): Promise<void> {
    if (this.isSilent) return;
    if (this.effect === 'loses records') this.#lost = 5; // at once, and no more: a buffer that was made smaller
    const counts = { ...emptyLevelCounts(), INFO: 100, ERROR: this.effect === 'makes errors' ? 40 : 0 };
    const beat = heartbeat(this.server, 'GROK', {
      timestamp: new Date(at).toISOString(),
      config: this.pulls
        ? { running: 'ffffffffffff', desired: 'ffffffffffff', error: null, source: 'git' }
        : { running: this.running, desired: this.offered, error: this.error },
      level_counts: counts,
      lost_records: this.#lost,
    });
    const answer = await system.ask('POST', '/api/v1/heartbeats', { key: this.key, body: { heartbeats: [beat] } });
    if (answer.json?.accepted !== 1) throw new Error(answer.text);
  }
}

/** Some agents, and the minutes that they live through; what judges them runs once a minute, and is awaited. */
export class SimulatedFleet {
  readonly agents: SimulatedAgent[];
  readonly system: TestOrchestrator;
  readonly clock: SetClock;
  readonly stateWatch: StateWatch;
  readonly rolloutWatch: RolloutWatch;
  effectOf: (revision: string, server: string) => Effect = () => 'works';

  private constructor(system: TestOrchestrator, database: Database, clock: SetClock, agents: SimulatedAgent[]) {
    this.system = system;
    this.clock = clock;
    this.agents = agents;
    const { stateWatch, rolloutWatch } = watchesOf(database, clock);
    this.stateWatch = stateWatch;
    this.rolloutWatch = rolloutWatch;
  }

  static async enrol(
    system: TestOrchestrator,
    database: Database,
    clock: SetClock,
    size: number,
  ): Promise<SimulatedFleet> {
    const names = Array.from({ length: size }, (_, index) => `AIGARDEN${String(index + 1).padStart(2, '0')}`);
    const agents: SimulatedAgent[] = [];
    for (const name of names) agents.push(new SimulatedAgent(name, await system.enrol(name)));
    return new SimulatedFleet(system, database, clock, agents);
  }

  async join(server: string): Promise<SimulatedAgent> {
    const agent = new SimulatedAgent(server, await this.system.enrol(server));
    this.agents.push(agent);
    return agent;
  }

  /** Everybody asks and beats; it is judged all the time. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      for (let part = 0; part < 4; part++) {
        this.clock.pass(15_000); // no longer than a gap of hearing
        if (part < 3) await this.stateWatch.judgeOnce();
      }
      for (const agent of this.agents) {
        await agent.ask(this.system, (revision) => this.effectOf(revision, agent.server));
        await agent.beat(this.system, this.clock.now());
      }
      await this.stateWatch.judgeOnce();
      await this.rolloutWatch.judgeOnce();
      // The orchestrator's own watch may have been first; it knows then as well.
      await this.system.ask('GET', '/api/v1/rollout');
    }
  }

  /** Everybody asks, without time going by, until so many run `revision`: replicas hear of a judgement a moment later. */
  async settle(revision: string, count: number): Promise<void> {
    await until(`${count} run ${revision}`, async () => {
      for (const agent of this.agents) await agent.ask(this.system, (offered) => this.effectOf(offered, agent.server));
      return this.running(revision).length === count;
    });
  }

  /** Names of those that run `revision`, in order. */
  running(revision: string): string[] {
    return this.agents.filter((agent) => agent.running === revision).map((agent) => agent.server);
  }
}

/** What another replica's watches would be. */
export function watchesOf(database: Database, clock: Clock): { stateWatch: StateWatch; rolloutWatch: RolloutWatch } {
  const hub = new PostgresEventHub({ database, clock: systemClock, logger: silentLogger });
  const desired = new DesiredConfig({ database, clock: systemClock, logger: silentLogger, hub });
  const hearing = new FleetHearing({ clock, logger: silentLogger });
  const options = { database, clock, logger: silentLogger, hub, hearing, policy: () => DEFAULT_FLEET_POLICY };
  return {
    stateWatch: new StateWatch({ ...options, transitions: new Transitions() }),
    rolloutWatch: new RolloutWatch({ ...options, desired }),
  };
}
