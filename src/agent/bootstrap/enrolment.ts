import { readFile } from 'node:fs/promises';
import { parseToken, type TokenParts } from '../../contract/enrolment.ts';
import type { ServerName } from '../../contract/ids.ts';
import { renameProof } from '../../contract/rename-proof.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { OrchestratorClient } from '../orchestrator-client.ts';
import { checkKeyCanBeKept, keyFilePath, readKeyFile, type ServerKey, writeKeyFile } from './key-file.ts';

/** The token as given (`NERVESYS_TOKEN`), or how to get one when it turns out to be needed: the agent beside its own orchestrator. */
export type EnrolmentToken = string | (() => Promise<string>);

/** How the agent speaks to its orchestrator from now on: its address, and the one key that is this server's own. */
export interface AgentKey {
  readonly url: string;
  readonly key: string;
  readonly server: ServerName;
}

export interface EnrolmentOptions {
  readonly home: string;
  readonly server: ServerName;
  readonly token?: EnrolmentToken | undefined;
  /** Where the orchestrator is now, where that is known better than by key or token (the one beside this agent). */
  readonly url?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };
const PROBE_TIMEOUT_MS = 5_000;
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/**
 * The stored key where there is one, else the key that the token is exchanged for. While the orchestrator can't be reached it goes
 * on trying, for as long as it takes: it is run beside the buffer, which meanwhile keeps what comes in.
 *
 * A stored key wins over a token, so that a restart with the token still in its environment doesn't enrol again (the token may be used
 * up). The token is used only when it is another than the one enrolled with and the orchestrator says that the stored key opens
 * nothing any more (revoked, or an orchestrator set up anew), or when this server has got another name.
 *
 * @throws NervesysError `NSV_SETTING_INVALID` with neither key nor token, `NSV_TOKEN_*` and `NSV_ORCHESTRATOR_REFUSED` with the
 * orchestrator's own reason, `NSV_HOME_UNUSABLE`; or the signal's reason.
 */
export async function loadOrEnrol(options: EnrolmentOptions): Promise<AgentKey> {
  const { home, server, logger, signal } = options;
  signal?.throwIfAborted();
  const token = options.token === '' ? undefined : options.token;
  const found = await readKeyFile(home);
  const stored = found === 'damaged' || found === undefined ? undefined : { ...found, url: options.url ?? found.url };
  if (stored !== undefined && stored.server === server) {
    if (token === undefined || isEnrolledWith(token, stored) || !(await isRefused(stored, options))) return own(stored);
    logger.warn('the stored key is not accepted any more; this server joins again', { server, url: stored.url });
  }
  if (token === undefined) {
    const reason =
      found === undefined
        ? 'no key is stored'
        : stored === undefined
          ? `the stored key ${keyFilePath(home)} is damaged`
          : `the stored key is that of ${stored.server}`;
    throw new NervesysError('NSV_SETTING_INVALID', `join as ${server}: ${reason}, and no NERVESYS_TOKEN was given`, {
      hint: 'Create a token with `nervesys token create` where the orchestrator runs, and set NERVESYS_TOKEN to it.',
    });
  }
  return enrol(token, options, stored?.server === server ? undefined : stored);
}

/** `former`: this server's key under another name, which lets it bring what it sealed under that one to the archive. */
async function enrol(token: EnrolmentToken, options: EnrolmentOptions, former?: ServerKey): Promise<AgentKey> {
  const { home, server, clock, random, logger, signal } = options;
  await checkKeyCanBeKept(home);
  const boot_id = await readBootId();
  for (let attempt = 1; ; attempt++) {
    try {
      const parts = readToken(typeof token === 'string' ? token : await token());
      const url = options.url ?? parts.url;
      await using client = new OrchestratorClient({ url, clock });
      const request = {
        secret: parts.secret,
        server,
        agent_version: NERVESYS_VERSION,
        boot_id,
        ...(former === undefined ? {} : { former: proveFormer(former, server, parts.secret) }),
      };
      const answer = await client.enrol(request, signal);
      const enrolled = { url, ...answer, tokenSha256: sha256Hex(parts.secret) };
      await writeKeyFile(home, enrolled);
      logger.info('this server has joined', { server: enrolled.server, url: enrolled.url });
      return own(enrolled);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRetryable(error)) throw error;
      const waitMs = backoffMs(attempt, BACKOFF, random);
      logger.warn('the orchestrator cannot be joined yet', { ...errorFields(error), attempt, retryInMs: waitMs });
      await clock.sleep(waitMs, signal);
    }
  }
}

function proveFormer({ key, server: former }: ServerKey, server: ServerName, tokenSecret: string) {
  return { server: former, proof: renameProof({ keySha256: sha256Hex(key), former, server, tokenSecret }) };
}

/** @throws NervesysError `NSV_TOKEN_MALFORMED`, without a word of what was given. */
function readToken(text: string): TokenParts {
  const parts = parseToken(text.trim());
  if (parts === undefined)
    throw new NervesysError('NSV_TOKEN_MALFORMED', 'NERVESYS_TOKEN is not a Nervesys token', {
      hint: 'Copy the whole string that `nervesys token create` printed; it begins with nsv1.',
    });
  return parts;
}

/** Whether the token at hand is the one this key came from (or none at all): then it has nothing new to give. */
function isEnrolledWith(token: EnrolmentToken, stored: ServerKey): boolean {
  if (typeof token !== 'string') return false;
  const parts = parseToken(token.trim());
  return parts === undefined || sha256Hex(parts.secret) === stored.tokenSha256;
}

/** Whether the orchestrator itself says that the key opens nothing; silence or trouble there says nothing about the key. */
async function isRefused(stored: ServerKey, { clock, logger, signal }: EnrolmentOptions): Promise<boolean> {
  await using client = new OrchestratorClient({ ...stored, clock, timeoutMs: PROBE_TIMEOUT_MS });
  try {
    await client.sendHeartbeats([], signal);
    return false;
  } catch (error) {
    signal?.throwIfAborted();
    if (errorCode(error) === 'NSV_AGENT_REVOKED') return true;
    if (error instanceof NervesysError && error.facts['code'] === 'NSV_UNAUTHORIZED') return true;
    logger.warn('the stored key could not be checked; it is kept', { url: stored.url, ...errorFields(error) });
    return false;
  }
}

/** Tells a restarted agent from a restarted host, and a cloned machine from its original; null where the kernel doesn't say. */
async function readBootId(): Promise<string | null> {
  const text = await readFile(BOOT_ID_FILE, 'utf8').catch(() => ''); // not Linux
  return text.trim() || null;
}

function own({ url, key, server }: ServerKey): AgentKey {
  return { url, key, server };
}
