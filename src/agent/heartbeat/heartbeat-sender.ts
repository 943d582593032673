import type { Heartbeat, HeartbeatsAnswer } from '../../contract/heartbeat.ts';
import type { AgentId, ServerName } from '../../contract/ids.ts';
import type { LevelCounts } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { RecordSink } from '../buffer/types.ts';
import type { AgentRegistry } from '../registry.ts';
import { buildHeartbeats } from './build-heartbeats.ts';
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
  /** What measures the host; default: a reader of its own. */
  readonly vitals?: Pick<VitalsReader, 'read'>;
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
/** Beats in one request. A server with more AI agents than this sends several. */
const BEATS_PER_REQUEST_MAX = 500;

/**
 * Tells the orchestrator each minute how the AI agents of this server are, and within two seconds what is new. One at a time and
 * always from the latest state: while the orchestrator is away nothing piles up but the counts, which the next beat carries. Nothing it
 * does throws outside.
 */
export class HeartbeatSender implements AsyncDisposable {
  readonly #options: HeartbeatSenderOptions;
  readonly #vitals: Pick<VitalsReader, 'read'>;
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
  #rotateFrom = Number.NEGATIVE_INFINITY;

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#vitals = options.vitals ?? new VitalsReader({ folder: options.folder, clock: options.clock });
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

  async close(): Promise<void> {
    this.#stopListening?.();
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One turn of the loop: sends what is due and says how long to wait. Rejects only when it was aborted. */
  async #round(signal: AbortSignal): Promise<number> {
    const { clock, registry } = this.#options;
    try {
      registry.probeProcesses();
      const full = clock.monotonic() >= this.#nextFullAt || this.#failures > 0;
      if (!full) {
        if (this.#news.size === 0) return this.#untilFull();
        await this.#gatherNews(signal);
      }
      await this.#send(full ? undefined : [...this.#news], signal);
      if (full) this.#nextFullAt = clock.monotonic() + this.#interval();
      return this.#news.size > 0 ? NEWS_GATHER_MS : this.#untilFull();
    } catch (error) {
      signal.throwIfAborted();
      if (errorCode(error) === 'NSV_AGENT_TOO_OLD')
        await this.#options.onAnswer?.({ taken: false, upgrade: true }, signal);
      return this.#failed(error);
    }
  }

  /** Waits a moment for more news, and out of the last beat's way. */
  async #gatherNews(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const pauseMs = this.#lastSentAt + NEWS_PAUSE_MS - clock.monotonic();
    await clock.sleep(Math.max(NEWS_GATHER_MS, pauseMs), signal);
  }

  /** Sends a beat for these AI agents, or for all and for the lean agent itself. */
  async #send(agentIds: readonly AgentId[] | undefined, signal: AbortSignal): Promise<void> {
    const { registry, clock } = this.#options;
    const news = [...this.#news];
    this.#news.clear();
    this.#lastSentAt = clock.monotonic();
    const counts = registry.takeCounts(agentIds);
    try {
      const beats = await this.#build(agentIds, counts, signal);
      for (let start = 0; start < beats.length; start += BEATS_PER_REQUEST_MAX)
        await this.#sendSome(beats.slice(start, start + BEATS_PER_REQUEST_MAX), counts, signal);
      this.#arrived();
    } catch (error) {
      registry.giveBackCounts(counts); // those of parts that did arrive were removed as they did
      for (const agentId of news) this.#news.add(agentId);
      throw error;
    }
  }

  async #build(
    agentIds: readonly AgentId[] | undefined,
    counts: ReadonlyMap<AgentId, LevelCounts>,
    signal: AbortSignal,
  ): Promise<Heartbeat[]> {
    const { server, clock, registry, buffer, config, troubles } = this.#options;
    const stats = buffer.stats();
    const vitals = await this.#vitals.read(stats.bytes, signal);
    const agents =
      agentIds === undefined ? registry.list() : agentIds.flatMap((agentId) => registry.get(agentId) ?? []);
    return buildHeartbeats({
      server,
      now: clock.now(),
      agents,
      ...(agentIds === undefined
        ? { self: { startedAt: this.#startedAt, troubles: this.#ownTroubles(stats.held, troubles) } }
        : {}),
      counts,
      vitals,
      stats,
      config: config?.() ?? { running: null, desired: null, error: null },
      clockSkewMs: this.#clockSkewMs,
    });
  }

  #ownTroubles(held: boolean, troubles: (() => readonly string[]) | undefined): readonly string[] {
    if (troubles !== undefined) return troubles();
    return held ? ['the buffer is full: sources are held back'] : [];
  }

  async #sendSome(beats: readonly Heartbeat[], counts: Map<AgentId, LevelCounts>, signal: AbortSignal): Promise<void> {
    const { client, clock, logger } = this.#options;
    const sentAt = clock.now();
    const answer = await client.sendHeartbeats(beats, signal);
    for (const beat of beats) counts.delete(beat.agent_id);
    const farNow = Date.parse(answer.now);
    if (!Number.isNaN(farNow)) this.#clockSkewMs = Math.round((sentAt + clock.now()) / 2 - farNow);
    for (const { index, code, message } of answer.rejected.slice(0, 10))
      logger.warn('a heartbeat was not accepted', {
        agentId: beats[index]?.agent_id,
        errorCode: code,
        reason: message,
      });
    if (answer.rotate_key === true) await this.#rotateKey(signal);
    await this.#options.onAnswer?.({ taken: true, upgrade: answer.upgrade === true }, signal);
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

  #untilFull(): number {
    return Math.max(0, this.#nextFullAt - this.#options.clock.monotonic());
  }
}
