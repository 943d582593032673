import { GitFollower } from '../../config/git/git-follower.ts';
import { Repository } from '../../config/git/repository.ts';
import type { GitCredentials } from '../../config/git/run-git.ts';
import type { CommitSigner, FoundRevision } from '../../config/index.ts';
import { serverPart } from '../../config/server-part.ts';
import { CONFIG_DELIVERY_FORMAT } from '../../contract/config-delivery.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, type NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { ConfigTaker } from './config-taker.ts';

/** A repository that this agent follows by itself. */
export interface ConfigRepository {
  readonly repository: string;
  /** A branch or a tag. */
  readonly branch: string;
  /** The configuration's folder in it; empty: its root. */
  readonly path: string;
  readonly pollMs: number;
  readonly credentials: GitCredentials;
  /** Only commits that one of these has signed are taken; absent: any. */
  readonly signedBy: readonly CommitSigner[] | undefined;
  /** Where git is looked for, as PATH is written. */
  readonly searchPath: string | undefined;
}

export interface GitSyncOptions {
  readonly source: ConfigRepository;
  /** The agent's own copy, absolute; made where it is missing. */
  readonly gitDir: string;
  readonly server: ServerName;
  readonly taker: ConfigTaker;
  /** Called when a revision was read and has left its garbage. */
  readonly onRead: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const GIT_TIMEOUT_MS = 120_000;
/** Outside of what the buffer's limit counts (someone chose to have it), so it has a bound of its own: a lean server, half of the orchestrator's. */
const GIT_BYTES_MAX = 50_000_000;
/** A repository that was away for less is nobody's worry: what ran runs on. */
const TROUBLE_TOLD_MS = 900_000;

/**
 * Follows a repository in the place of what an orchestrator serves: the same checks of the whole, then this server's part of the result, as it
 * would have been served. A revision with a mistake is told in heartbeats, and changes nothing.
 */
export class GitSync implements AsyncDisposable {
  readonly #options: GitSyncOptions;
  readonly #follower: GitFollower;
  /** What was read last, good or not. */
  #found: string | null = null;
  #trouble: { readonly error: NervesysError; readonly since: number } | undefined;

  constructor(options: GitSyncOptions) {
    const { source, gitDir, taker, clock, random, logger } = options;
    const { pollMs, ...repository } = source;
    this.#options = options;
    this.#follower = new GitFollower({
      repository: new Repository({
        ...repository,
        gitDir,
        clock,
        timeoutMs: GIT_TIMEOUT_MS,
        bytesMax: GIT_BYTES_MAX,
      }),
      store: {
        record: (found) => this.#take(found),
        found: async () => this.#found,
        latest: async () => ({ revision: taker.state.running, sha: null }),
      },
      whileAlone: (work) => work(), // the copy is this agent's own
      pollMs,
      onTrouble: async (error) => {
        this.#trouble = error && { error, since: this.#trouble?.since ?? clock.monotonic() };
      },
      clock,
      random,
      logger,
    });
  }

  start(): this {
    this.#follower.start();
    return this;
  }

  /** Why the repository has not been followed for a good while; `undefined`: it is. */
  get trouble(): string | undefined {
    const { clock } = this.#options;
    if (this.#trouble === undefined || clock.monotonic() - this.#trouble.since < TROUBLE_TOLD_MS) return undefined;
    return `the configuration is not followed: ${describeError(this.#trouble.error)}`;
  }

  close(): Promise<void> {
    return this.#follower.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #take({ revision, config, refusal }: FoundRevision): Promise<'new' | 'known'> {
    const { server, taker, onRead, logger } = this.#options;
    const before = taker.state.desired;
    if (config === undefined) {
      const { code, reason, complaints } = refusal!;
      logger.error('a revision of the configuration is refused; what ran runs on', {
        revision,
        errorCode: code,
        complaints: complaints.slice(0, COMPLAINTS_LOGGED_MAX),
      });
      taker.refuse(revision, reason);
    } else {
      // As if it had come over the wire: one way to read it means one meaning.
      const part: unknown = JSON.parse(JSON.stringify(serverPart(config, server)));
      await taker.take({ format: CONFIG_DELIVERY_FORMAT, revision, config: part });
    }
    this.#found = revision;
    onRead();
    return before === revision ? 'known' : 'new';
  }
}

/** As many as somebody reads; `nervesys config check` names them all. */
const COMPLAINTS_LOGGED_MAX = 20;
