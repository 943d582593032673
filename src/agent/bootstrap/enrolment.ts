import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseToken, type TokenParts } from '../../contract/enrolment.ts';
import type { ServerName } from '../../contract/ids.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { type Random, systemRandom } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { OrchestratorClient } from '../orchestrator-client.ts';
import { checkKeyCanBeKept, readKeyFile, type ServerKey, writeKeyFile } from './key-file.ts';

/** The token, or how to get one where it turns out to be needed (the agent beside its own orchestrator). */
export type EnrolmentToken = string | (() => Promise<string>);

/** Where the orchestrator is, and the server's own key to ask it with. */
export interface Enrolment {
  readonly url: string;
  readonly key: string;
  readonly server: ServerName;
}

export interface EnrolmentOptions {
  readonly home: string;
  readonly server: ServerName;
  readonly token?: EnrolmentToken | undefined;
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };
/** Whether a stored key still opens is asked once, shortly: an orchestrator that is away has refused nothing. */
const PROBE_TIMEOUT_MS = 5_000;

/**
 * The stored key; or a new one for the token where there is none, where it is damaged, of another server, or refused by the
 * orchestrator while a token is given that it wasn't made with (a restart with the used-up token in its environment goes on).
 * An orchestrator that is away is asked until it answers.
 * @throws NervesysError `NSV_TOKEN_*` with the orchestrator's reason, `NSV_SETTING_INVALID` without key and token, `NSV_HOME_UNUSABLE`.
 */
export async function loadOrEnrol(options: EnrolmentOptions): Promise<Enrolment> {
  const { home, server, token, logger } = options;
  const found = await readKeyFile(home);
  const stored = found === 'damaged' || found?.server !== server ? undefined : found;
  if (stored !== undefined && !(await mayBeReplaced(stored, options))) return enrolmentOf(stored);
  if (token === undefined) {
    const state = found === 'damaged' ? 'its stored key is damaged' : 'it has no stored key';
    throw new NervesysError('NSV_SETTING_INVALID', `join as ${server}: ${state}, and NERVESYS_TOKEN is not set`, {
      hint: 'create a token with `nervesys token create` where the orchestrator runs, and set NERVESYS_TOKEN to it',
    });
  }
  await checkKeyCanBeKept(home);
  const key = await enrol(options, token);
  await writeKeyFile(home, key);
  logger.info('this server has joined', { server: key.server, url: key.url });
  return enrolmentOf(key);
}

async function enrol(options: EnrolmentOptions, token: EnrolmentToken): Promise<ServerKey> {
  const { server, clock, random = systemRandom, logger, signal } = options;
  const boot_id = await bootId();
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const text = typeof token === 'string' ? token : await token();
      const { url, secret } = readToken(text);
      await using client = new OrchestratorClient({ url, clock });
      const answer = await client.enrol({ secret, server, agent_version: NERVESYS_VERSION, boot_id }, signal);
      return { url, key: answer.key, server: answer.server, tokenSha256: sha256(text) };
    } catch (error) {
      if (signal?.aborted || !isRetryable(error)) throw error;
      const waitMs = backoffMs(attempt, BACKOFF, random);
      logger.warn('the orchestrator cannot be joined yet', { ...errorFields(error), retryInMs: waitMs });
      await clock.sleep(waitMs, signal);
    }
  }
}

function readToken(text: string): TokenParts {
  const parts = parseToken(text);
  if (parts !== undefined) return parts;
  throw new NervesysError('NSV_TOKEN_MALFORMED', 'NERVESYS_TOKEN is not a Nervesys token', {
    hint: 'copy the whole string that `nervesys token create` printed',
  });
}

/** A token is at hand that the key wasn't made with, and the orchestrator itself says that the key opens nothing. */
async function mayBeReplaced({ url, key, tokenSha256 }: ServerKey, options: EnrolmentOptions): Promise<boolean> {
  const { token, clock, signal } = options;
  if (token === undefined || (typeof token === 'string' && sha256(token) === tokenSha256)) return false;
  await using client = new OrchestratorClient({ url, key, clock, timeoutMs: PROBE_TIMEOUT_MS });
  try {
    await client.sendHeartbeats([], signal);
    return false;
  } catch (error) {
    if (errorCode(error) === 'NSV_AGENT_REVOKED') return true;
    return error instanceof NervesysError && error.facts['status'] === 401;
  }
}

function enrolmentOf({ url, key, server }: ServerKey): Enrolment {
  return { url, key, server };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Tells a cloned machine from its original; null where the system has none. */
async function bootId(): Promise<string | null> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}
