import type { Heartbeat, HeartbeatsAnswer, ProcessVitals, Vitals } from '../../contract/heartbeat.ts';
import type { AgentId, ServerName } from '../../contract/ids.ts';
import { emptyLevelCounts, type LevelCounts } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { RecordSink } from '../buffer/types.ts';
import type { AgentRegistry, KnownAgent } from '../registry.ts';
import { buildHeartbeats } from './build-heartbeats.ts';
import { beatInstant, type MissedBeats } from './missed-beats.ts';
import { ProcessVitalsReader } from './process-vitals.ts';
import { VitalsReader } from './vitals.ts';

/** What an answer means for the agent's own program. */
export interface BeatAnswer {
  readonly taken: boolean;
  readonly upgrade: boolean;
}

/** What the sender needs of the orchestrator. */
export interface HeartbeatDoor {
  sendHeartbeats(heartbeats: readonly Heartbeat[], signal?: AbortSignal): Promise<HeartbeatsAnswer>;
}

export interface HeartbeatSenderOptions {
  readonly client: HeartbeatDoor;
  readonly registry: AgentRegistry;
  readonly buffer: Pick<RecordSink, 'stats'>;
  readonly server: ServerName;
  /** Read anew for each beat. */
  readonly intervalMs: () => number;
  /** A folder on the buffer's file system, for `disk_percent`. */
  readonly folder: string;
  /** Folders on file systems that are told beside it. */
  readonly disks?: () => readonly string[];
  /** Keeps what did not arrive. */
  readonly missed: MissedBeats;
  /** Called after each request that arrived. */
  readonly onArrived?: () => void;
  /** What measures the host, and the AI agents' processes; default: readers of its own. */
  readonly vitals?: Pick<VitalsReader, 'read'>;
  readonly processes?: Pick<ProcessVitalsReader, 'read'>;
  /** Which configuration runs, and which is desired. */
  readonly config?: () => Heartbeat['config'];
  /** What is wrong with the lean agent itself, in words, for its own beat. */
  readonly troubles?: () => readonly string[];
  /** Called when the orchestrator asks for another key; what it rejects with is logged, and it is called again later. */
  readonly rotateKey?: (signal: AbortSignal) => Promise<void>;
  /**
   * Called after each request that was answered, with whether there is an upgrade to ask for; `taken: false`: this agent is too old to be
   * heard, for which an upgrade is the cure. Never rejects.
   */
  readonly onAnswer?: (answer: BeatAnswer, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Beats go out this far from their minute at most, so that a fleet that was started together spreads. */
const JITTER_SHARE = 0.05;
/** News (a new AI agent, a changed word) wait so long for others, and come at most so often. */
const NEWS_GATHER_MS = 300;
const NEWS_PAUSE_MS = 1_500;
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };
/** A revoked key won't open again by itself; asking now and then costs nothing and notices when it does. */
const REVOKED_RETRY_MS = 300_000;
/** Refusals that people must mend elsewhere; in words for the log. */
const REFUSED_FOR_GOOD: Readonly<Record<string, string>> = {
  NSV_AGENT_REVOKED: 'this server was revoked; records are still kept here',
  NSV_AGENT_CLONED:
    'another machine uses the key of this one and was here first; records are kept here until this one joins by itself',
  NSV_AGENT_TOO_OLD: 'this agent is too old for its orchestrator; records are kept here',
  NSV_ORCHESTRATOR_TOO_OLD: 'the orchestrator is too old for this agent; records are kept here',
};
/** A key that could not be exchanged (a full disk) is tried again after this, not with each beat. */
const ROTATE_AGAIN_MS = 600_000;
/** While beats don't arrive it is looked so often how the AI agents are, however seldom it is tried to tell. */
const SAMPLE_MS_MAX = 60_000;
/** Beats in one request. A server with more AI agents than this sends several. */
const BEATS_PER_REQUEST_MAX = 500;

/**
 * Tells the orchestrator each minute how the AI agents of this server are, and within two seconds what is new. One at a time and
 * always from the latest state: while the orchestrator is away the attempts bear no counts, and what they would have told goes to
 * `MissedBeats`. Nothing it does throws outside.
 */
export class HeartbeatSender implements AsyncDisposable {
  readonly #options: HeartbeatSenderOptions;
  readonly #vitals: Pick<VitalsReader, 'read'>;
  readonly #processes: Pick<ProcessVitalsReader, 'read'>;
  readonly #pace: Pace;
  readonly #startedAt: number;
  readonly #news = new Set<AgentId>();
  #stopListening: (() => void) | undefined;
  #nextFullAt = Number.NEGATIVE_INFINITY;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #trouble: unknown;
  #lastDeliveredAt: number | null = null;
  #clockSkewMs = 0;
  #lastVitals: Vitals | undefined;
  /** While beats don't arrive: when it is tried next, and when it was looked last. By the clock that never goes back. */
  #attemptAt = Number.NEGATIVE_INFINITY;
  #lookedAt: number;
  #rotateFrom = Number.NEGATIVE_INFINITY;

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#lookedAt = options.clock.monotonic();
    this.#vitals = options.vitals ?? new VitalsReader(options);
    this.#processes = options.processes ?? new ProcessVitalsReader(options.clock);
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  /** Sends the first beat at once, and goes on. Returns itself. */
  start(): this {
    this.#stopListening ??= this.#options.registry.onChange((agentId) => {
      this.#news.add(agentId);
      // While beats fail, the backoff decides when; the next one that comes through carries everything.
      if (this.#failures === 0) this.#pace.nudge();
    });
    this.#pace.start();
    return this;
  }

  /** The next beat for all goes out now: something about this server has changed. */
  beatNow(): void {
    this.#nextFullAt = Number.NEGATIVE_INFINITY;
    if (this.#failures === 0) this.#pace.nudge();
  }

  /** Epoch ms; null before the first. */
  get lastDeliveredAt(): number | null {
    return this.#lastDeliveredAt;
  }

  /** Why the last beat did not arrive; `undefined` while they do. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** What people must mend elsewhere before beats are taken again, in words. */
  get refusal(): string | undefined {
    const words = REFUSED_FOR_GOOD[errorCode(this.#trouble)];
    return words === undefined ? undefined : `${words} (${describeError(this.#trouble)})`;
  }

  /** How far this host's clock is ahead of the orchestrator's (behind: negative). */
  get clockSkewMs(): number {
    return this.#clockSkewMs;
  }

  /** What was counted and not told is kept for the next run. */
  async close(): Promise<void> {
    this.#stopListening?.();
    await this.#pace.close();
    const { registry, missed, logger } = this.#options;
    if (this.#lastVitals === undefined) return; // no beat was made yet
    try {
      const counts = registry.takeCounts();
      const isCounted = [...counts.values()].some((levels) => Object.values(levels).some((count) => count > 0));
      if (this.#failures > 0 || isCounted) this.#sample(this.#made(undefined, counts, this.#lastVitals, new Map()));
      missed.end();
    } catch (error) {
      logger.warn('what was counted since the last heartbeat could not be kept', errorFields(error));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One turn of the loop: sends what is due and says how long to wait. Rejects only when it was aborted. */
  async #round(signal: AbortSignal): Promise<number> {
    const { clock, registry } = this.#options;
    try {
      registry.probeProcesses();
      if (this.#failures > 0) return await this.#roundWhileAway(signal);
      const full = clock.monotonic() >= this.#nextFullAt;
      if (!full) {
        if (this.#news.size === 0) return this.#untilFull();
        await this.#gatherNews(signal);
      }
      // Before it is made: what changes while it is on its way (`beatNow`) is not in it, and wants the next one at once.
      if (full) this.#nextFullAt = clock.monotonic() + this.#interval();
      await this.#send(full ? undefined : [...this.#news], signal);
      return this.#news.size > 0 ? NEWS_GATHER_MS : this.#untilFull();
    } catch (error) {
      signal.throwIfAborted();
      if (errorCode(error) === 'NSV_AGENT_TOO_OLD')
        await this.#options.onAnswer?.({ taken: false, upgrade: true }, signal);
      this.#attemptAt = clock.monotonic() + this.#failed(error);
      return this.#untilLook();
    }
  }

  /** Looks how the AI agents are and keeps it; then, where it is time, tries to tell how they are now, without the counts. */
  async #roundWhileAway(signal: AbortSignal): Promise<number> {
    const { clock, registry } = this.#options;
    const counts = registry.takeCounts();
    this.#nextFullAt = clock.monotonic() + this.#interval(); // as in a round whose beats arrive
    let beats: Heartbeat[];
    try {
      beats = await this.#build(undefined, counts, signal);
    } catch (error) {
      registry.giveBackCounts(counts);
      throw error;
    }
    this.#sample(beats);
    if (clock.monotonic() < this.#attemptAt) return this.#untilLook();
    const news = [...this.#news];
    this.#news.clear();
    try {
      await this.#deliver(
        beats.map((beat) => ({ ...beat, level_counts: emptyLevelCounts() })),
        signal,
      );
    } catch (error) {
      for (const agentId of news) this.#news.add(agentId);
      throw error;
    }
    this.#arrived();
    return this.#news.size > 0 ? NEWS_GATHER_MS : this.#untilFull();
  }

  #sample(beats: readonly Heartbeat[]): void {
    const { clock, missed } = this.#options;
    const seconds = (clock.monotonic() - this.#lookedAt) / 1_000;
    this.#lookedAt = clock.monotonic();
    const at = beats[0] === undefined ? clock.now() : Date.parse(beats[0].timestamp);
    missed.sample(beats, at, seconds);
  }

  /** Waits a moment for more news, and out of the last beat's way. */
  async #gatherNews(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const pauseMs = this.#lastSentAt + NEWS_PAUSE_MS - clock.monotonic();
    await clock.sleep(Math.max(NEWS_GATHER_MS, pauseMs), signal);
  }

  /** Sends a beat for these AI agents, or for all and for the lean agent itself. */
  async #send(agentIds: readonly AgentId[] | undefined, signal: AbortSignal): Promise<void> {
    const { registry, missed, clock } = this.#options;
    const news = [...this.#news];
    this.#news.clear();
    const counts = registry.takeCounts(agentIds);
    let untold: readonly Heartbeat[] = [];
    try {
      untold = await this.#build(agentIds, counts, signal);
      for (const { agent_id } of untold) counts.delete(agent_id);
      if (agentIds === undefined) this.#lookedAt = clock.monotonic();
      await this.#deliver(untold, signal, (rest) => {
        untold = rest;
      });
      this.#arrived();
    } catch (error) {
      missed.note(untold);
      for (const agentId of news) this.#news.add(agentId);
      throw error;
    } finally {
      registry.giveBackCounts(counts); // of those that are not beaten for
    }
  }

  /** Brings beats to the orchestrator, in as many requests as they take; after each, `onDelivered` is told what is left. */
  async #deliver(
    beats: readonly Heartbeat[],
    signal: AbortSignal,
    onDelivered: (rest: readonly Heartbeat[]) => void = () => undefined,
  ): Promise<void> {
    this.#lastSentAt = this.#options.clock.monotonic();
    for (let start = 0; start < beats.length; start += BEATS_PER_REQUEST_MAX) {
      const end = start + BEATS_PER_REQUEST_MAX;
      const answer = await this.#sendSome(beats.slice(start, end), signal);
      onDelivered(beats.slice(end));
      if (answer.rotate_key === true) await this.#rotateKey(signal);
      await this.#options.onAnswer?.({ taken: true, upgrade: answer.upgrade === true }, signal);
    }
  }

  async #build(
    agentIds: readonly AgentId[] | undefined,
    counts: ReadonlyMap<AgentId, LevelCounts>,
    signal: AbortSignal,
  ): Promise<Heartbeat[]> {
    const { registry, buffer } = this.#options;
    this.#lastVitals = await this.#vitals.read(buffer.stats().bytes, signal);
    return this.#made(agentIds, counts, this.#lastVitals, await this.#processes.read(this.#agents(agentIds, registry)));
  }

  #agents(agentIds: readonly AgentId[] | undefined, registry: AgentRegistry): KnownAgent[] {
    return agentIds === undefined ? registry.list() : agentIds.flatMap((agentId) => registry.get(agentId) ?? []);
  }

  #made(
    agentIds: readonly AgentId[] | undefined,
    counts: ReadonlyMap<AgentId, LevelCounts>,
    vitals: Vitals,
    processes: ReadonlyMap<AgentId, ProcessVitals>,
  ): Heartbeat[] {
    const { server, clock, registry, buffer, config, troubles } = this.#options;
    const stats = buffer.stats();
    return buildHeartbeats({
      server,
      now: beatInstant(clock.now()),
      agents: this.#agents(agentIds, registry),
      ...(agentIds === undefined
        ? { self: { startedAt: this.#startedAt, troubles: this.#ownTroubles(stats.held, troubles) } }
        : {}),
      counts,
      vitals,
      processes,
      stats,
      config: config?.() ?? { running: null, desired: null, error: null },
      clockSkewMs: this.#clockSkewMs,
    });
  }

  #ownTroubles(held: boolean, troubles: (() => readonly string[]) | undefined): readonly string[] {
    if (troubles !== undefined) return troubles();
    return held ? ['the buffer is full: sources are held back'] : [];
  }

  async #sendSome(beats: readonly Heartbeat[], signal: AbortSignal): Promise<HeartbeatsAnswer> {
    const { client, clock, logger } = this.#options;
    const sentAt = clock.now();
    const answer = await client.sendHeartbeats(beats, signal);
    const farNow = Date.parse(answer.now);
    if (!Number.isNaN(farNow)) this.#clockSkewMs = Math.round((sentAt + clock.now()) / 2 - farNow);
    for (const { index, code, message } of answer.rejected.slice(0, 10))
      logger.warn('a heartbeat was not accepted', {
        agentId: beats[index]?.agent_id,
        errorCode: code,
        reason: message,
      });
    return answer;
  }

  async #rotateKey(signal: AbortSignal): Promise<void> {
    const { rotateKey, clock, logger } = this.#options;
    if (rotateKey === undefined || clock.monotonic() < this.#rotateFrom) return;
    this.#rotateFrom = clock.monotonic() + ROTATE_AGAIN_MS;
    try {
      await rotateKey(signal);
      this.#rotateFrom = Number.NEGATIVE_INFINITY;
    } catch (error) {
      signal.throwIfAborted();
      logger.warn('the key of this server could not be exchanged; the old one goes on being used', errorFields(error));
    }
  }

  #arrived(): void {
    const { clock, logger } = this.#options;
    if (this.#failures > 0) logger.info('heartbeats arrive again', { failures: this.#failures });
    this.#failures = 0;
    this.#trouble = undefined;
    this.#lastDeliveredAt = clock.now();
    this.#options.missed.end();
    this.#options.onArrived?.();
  }

  /** Says it once, not each time, and how long to wait before the next attempt. */
  #failed(error: unknown): number {
    const { logger, intervalMs, random } = this.#options;
    const changed = this.#failures === 0 || errorCode(error) !== errorCode(this.#trouble);
    this.#failures++;
    this.#trouble = error;
    const forGood = REFUSED_FOR_GOOD[errorCode(error)];
    if (changed && forGood !== undefined) logger.error(forGood, errorFields(error));
    else if (changed) logger.warn('heartbeats do not arrive', errorFields(error));
    if (forGood !== undefined) return REVOKED_RETRY_MS;
    const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
    return Math.min(Math.max(asked, backoffMs(this.#failures, BACKOFF, random)), Math.max(intervalMs(), BACKOFF.maxMs));
  }

  #interval(): number {
    const { intervalMs, random } = this.#options;
    // The first interval is cut anywhere: hosts that boot together get phases of their own, which they keep.
    const share = this.#lastDeliveredAt === null || this.#nextFullAt === Number.NEGATIVE_INFINITY ? 0.5 : JITTER_SHARE;
    return intervalMs() * (1 - share * random());
  }

  #untilLook(): number {
    const { clock, intervalMs } = this.#options;
    return Math.max(0, Math.min(this.#attemptAt - clock.monotonic(), intervalMs(), SAMPLE_MS_MAX));
  }

  #untilFull(): number {
    return Math.max(0, this.#nextFullAt - this.#options.clock.monotonic());
  }
}
