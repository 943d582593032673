import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseToken } from '../../contract/enrolment.ts';
import type { ServerName } from '../../contract/ids.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { OrchestratorClient } from '../orchestrator-client.ts';

/** The token, or how to get one when it turns out to be needed (the agent beside its own orchestrator). */
export type EnrolmentToken = string | (() => Promise<string>);

/** What a server holds of its own: its orchestrator's address and the one key that is its to use. */
export interface AgentKey {
  readonly url: string;
  readonly key: string;
  readonly server: ServerName;
}

export interface EnrolmentOptions {
  readonly home: string;
  readonly server: ServerName;
  readonly token?: EnrolmentToken | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };

/**
 * The stored key, or a new one for the token; an orchestrator that is away is asked until it answers. A stored key that is no
 * longer known (an orchestrator set up anew, a revoked server) is replaced where a token is at hand.
 * @throws NervesysError `NSV_TOKEN_*` with the orchestrator's reason, `NSV_SETTING_INVALID` where there is neither key nor token.
 */
export async function loadOrEnrol(options: EnrolmentOptions): Promise<AgentKey> {
  const { home, server, token } = options;
  const path = join(home, 'agent', 'agent.key');
  const stored = await readKey(path);
  if (stored !== undefined && stored.server === server && !(await isRefused(stored, options))) return stored;
  if (token === undefined) {
    if (stored !== undefined && stored.server === server) return stored; // refused: heartbeats and batches will say why
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `join as ${server}: neither a stored key nor NERVESYS_TOKEN was found`,
      {
        hint: 'create a token with `nervesys token create` where the orchestrator runs, and set NERVESYS_TOKEN to it',
      },
    );
  }
  const key = await enrol(options, token);
  await writeKey(path, key);
  options.logger.info('this server has joined', { server, url: key.url });
  return key;
}

async function enrol(options: EnrolmentOptions, token: EnrolmentToken): Promise<AgentKey> {
  const { server, clock, random, logger, signal } = options;
  const boot_id = await bootId();
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      const parts = parseToken(typeof token === 'string' ? token : await token());
      if (parts === undefined) {
        throw new NervesysError('NSV_TOKEN_MALFORMED', 'NERVESYS_TOKEN is not a Nervesys token', {
          hint: 'copy the whole string that `nervesys token create` printed',
        });
      }
      await using client = new OrchestratorClient({ url: parts.url });
      const answer = await client.enrol(
        { secret: parts.secret, server, agent_version: NERVESYS_VERSION, boot_id },
        signal,
      );
      return { url: parts.url, key: answer.key, server: answer.server };
    } catch (error) {
      if (signal.aborted || !isRetryable(error)) throw error;
      const waitMs = backoffMs(attempt, BACKOFF, random);
      logger.warn('the orchestrator cannot be joined yet', { ...errorFields(error), retryInMs: waitMs });
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Whether the orchestrator answers that it doesn't know this key; an orchestrator that is away hasn't refused it. */
async function isRefused({ url, key }: AgentKey, { token, signal }: EnrolmentOptions): Promise<boolean> {
  if (token === undefined) return false;
  await using client = new OrchestratorClient({ url, key });
  try {
    await client.sendHeartbeats({ heartbeats: [] }, signal);
    return false;
  } catch (error) {
    return errorCode(error) === 'NSV_UNAUTHORIZED' || errorCode(error) === 'NSV_AGENT_REVOKED';
  }
}

async function readKey(path: string): Promise<AgentKey | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new NervesysError('NSV_HOME_UNUSABLE', `read ${path}: ${errorCode(error)}`, { cause: error });
  }
  try {
    const { url, key, server } = JSON.parse(text) as Partial<AgentKey>;
    if (typeof url === 'string' && typeof key === 'string' && typeof server === 'string') return { url, key, server };
  } catch {
    // Torn or edited: as good as none, a token makes a new one.
  }
  return undefined;
}

/** Whole or not at all, readable by its owner only, and on the disk before it is used. */
async function writeKey(path: string, key: AgentKey): Promise<void> {
  const partial = `${path}.partial`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(partial, { force: true });
  {
    await using file = await open(partial, 'wx', 0o600);
    await file.writeFile(`${JSON.stringify(key)}\n`);
    await file.sync();
  }
  await rename(partial, path);
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}

/** Tells a cloned machine from its original; null where the system has none. */
async function bootId(): Promise<string | null> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}
