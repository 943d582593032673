import type { Heartbeat } from '../../src/contract/heartbeat.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import type { Transition } from '../../src/orchestrator/fleet/transitions.ts';
import { errorCode } from '../../src/platform/errors.ts';
import { heartbeat, type TestOrchestrator } from './orchestrator.ts';
import type { SetClock } from './simulated-fleet.ts';

type Replace = Partial<Record<keyof Heartbeat, unknown>>;

/** A server with one AI agent that works. */
export class VirtualServer {
  readonly server: string;
  readonly key: string;
  silent = false;
  /** How far its clock is ahead of the world's. */
  skewMs = 0;
  /** When its AI agent gave its last sign, by the server's clock; absent: it does so all the time. */
  seenAt: number | undefined;
  /** What is different in its beats. */
  replace: Replace = {};

  constructor(server: string, key: string) {
    this.server = server;
    this.key = key;
  }

  /** Whether the beat was taken. */
  async beat(system: TestOrchestrator, worldNow: number): Promise<boolean> {
    const now = worldNow + this.skewMs;
    const own = (agentId: string, seenAt: number) =>
      heartbeat(this.server, agentId, {
        timestamp: new Date(now).toISOString(),
        last_seen_at: new Date(seenAt).toISOString(),
        clock_skew_ms: this.skewMs,
        ...(agentId === 'GROK' ? this.replace : {}),
      });
    const heartbeats = [own('nervesys', now), own('GROK', this.seenAt ?? now)];
    const answer = await system.ask('POST', '/api/v1/heartbeats', { key: this.key, body: { heartbeats } });
    if (answer.status === 503) return false;
    if (answer.json?.accepted !== 2) throw new Error(answer.text);
    return true;
  }
}

/** What goes on while minutes pass that take no time. */
export class VirtualFleet {
  readonly clock: SetClock;
  readonly servers: VirtualServer[] = [];
  /** The orchestrators that run; each beat goes to the next of them. */
  systems: TestOrchestrator[];
  /** Hand in as `onTransitions`: what was told, in order. */
  readonly told: Transition[] = [];
  readonly onTransitions = async (_: unknown, transitions: readonly Transition[]): Promise<void> => {
    this.told.push(...transitions.filter(({ from, to }) => from !== to));
  };
  #turn = 0;

  constructor(clock: SetClock) {
    this.clock = clock;
    this.systems = [];
  }

  /** Servers join, beat once and are judged; what was told of that is forgotten. */
  async join(count: number): Promise<void> {
    for (let n = 1; n <= count; n++) {
      const server = `AIGARDEN${String(this.servers.length + 1).padStart(2, '0')}`;
      this.servers.push(new VirtualServer(server, await this.systems[0]!.enrol(server)));
    }
    await this.minutes(1);
    this.told.length = 0;
  }

  /** Whoever isn't silent beats once a minute, and the orchestrators that run judge all the time. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.seconds(45);
      await this.beats();
      await this.seconds(15);
    }
  }

  /** Without a beat. */
  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second += 15) {
      this.clock.pass(15_000);
      await this.judge();
    }
  }

  async beats(): Promise<void> {
    if (this.systems.length === 0) return;
    const queue = this.servers.filter((one) => !one.silent);
    const send = async () => {
      for (let one = queue.pop(); one !== undefined; one = queue.pop())
        await one.beat(this.systems[this.#turn++ % this.systems.length]!, this.clock.now());
    };
    await Promise.all(Array.from({ length: 8 }, send));
  }

  /** A round of each orchestrator. Postgres may be away. */
  async judge(): Promise<void> {
    await Promise.all(
      this.systems.map(async ({ orchestrator }) => {
        try {
          while ((await orchestrator.stateWatch.judgeOnce()) > 0);
        } catch (error) {
          if (errorCode(error) !== 'NSV_DATABASE_UNREACHABLE') throw error;
        }
      }),
    );
  }

  /** What was told of AI agents and servers, shortly and in order of names; and forgotten. */
  heard(): string[] {
    const lines = this.told.map(
      ({ server, agentId, from, to }) => `${server}${agentId === null ? '' : `/${agentId}`} ${from}→${to}`,
    );
    this.told.length = 0;
    return lines.sort();
  }
}

/** The stored history, oldest first: `AIGARDEN01/GROK up→late no heartbeat for …`. */
export async function storedTransitions(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `SELECT server || coalesce('/' || agent_id, '') || ' ' || coalesce(from_state, '') || '→' || to_state AS line FROM transitions ORDER BY id`,
  );
  return rows.map((row) => row.line);
}
