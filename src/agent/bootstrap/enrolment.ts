import { CLOCK_SKEW_MS_WARNING } from '../../contract/agreement.ts';
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
import { type Incarnation, readIncarnation } from './incarnation.ts';
import { checkKeyCanBeKept, keyFilePath, readKeyFile, type ServerKey, writeKeyFile } from './key-file.ts';
import { findPinnedCertificate } from './pinned-certificate.ts';

/** The token as given (`NERVESYS_TOKEN`), or how to get one when it turns out to be needed: the agent beside its own orchestrator. */
export type EnrolmentToken = string | (() => Promise<string>);

/** How the agent speaks to its orchestrator from now on: its address, and the one key that is this server's own. */
export interface AgentKey {
  readonly url: string;
  readonly key: string;
  readonly server: ServerName;
  /** The certificate (PEM) by which the orchestrator is known from now on; absent over plain HTTP, and where the system's trust decides. */
  readonly authority?: string | undefined;
}

export interface EnrolmentOptions {
  readonly home: string;
  readonly server: ServerName;
  readonly token?: EnrolmentToken | undefined;
  /** Where the orchestrator is now, where that is known better than by key or token (the one beside this agent). */
  readonly url?: string | undefined;
  /** Its certificate, where that is known in the same way. */
  readonly authority?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
  /** Which process this is; one of its own when absent. */
  readonly incarnation?: Incarnation | undefined;
  /** Told why the orchestrator can't be joined yet, at each attempt; `undefined`: that is over. */
  readonly onTrouble?: (error: unknown) => void;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };
/** A wrong certificate is mended by people, not by asking again. */
const CERTIFICATE_BACKOFF = { baseMs: 10_000, maxMs: 300_000 };
/** A longer wait than this isn't heeded. */
const RETRY_AFTER_MS_MAX = 300_000;
const PROBE_TIMEOUT_MS = 5_000;
/** By these the orchestrator says, or shows, that the stored key is of no use with it. */
const WRONG_ORCHESTRATOR_OR_KEY: readonly string[] = [
  'NSV_AGENT_REVOKED',
  'NSV_AGENT_CLONED',
  'NSV_CERTIFICATE_WRONG',
  'NSV_TLS_EXPECTED',
];

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
  const stored = found === 'damaged' || found === undefined ? undefined : withKnownAddress(found, options);
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
  const incarnation = options.incarnation ?? (await readIncarnation());
  for (let attempt = 1; ; attempt++) {
    try {
      const parts = readToken(typeof token === 'string' ? token : await token());
      const url = options.url ?? parts.url;
      const authority = options.authority ?? (await findPinnedCertificate({ ...parts, url }, clock, signal));
      await using client = new OrchestratorClient({ url, authority, clock });
      const answer = await client.enrol(
        {
          secret: parts.secret,
          server,
          agent_version: NERVESYS_VERSION,
          boot_id: incarnation.bootId,
          now: new Date(clock.now()).toISOString(),
          ...(former === undefined ? {} : { former: proveFormer(former, server, parts.secret) }),
        },
        signal,
      );
      const { clock_skew_ms: clockSkewMs } = answer;
      if (typeof clockSkewMs === 'number' && Math.abs(clockSkewMs) > CLOCK_SKEW_MS_WARNING)
        logger.warn('the clock of this host is wrong; set it (NTP)', { clockSkewMs });
      const { key, server: joined } = answer;
      const enrolled = { url, key, server: joined, tokenSha256: sha256Hex(parts.secret), authority };
      await writeKeyFile(home, enrolled);
      logger.info('this server has joined', { server: enrolled.server, url: enrolled.url });
      options.onTrouble?.(undefined);
      return own(enrolled);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRetryable(error)) throw error;
      options.onTrouble?.(error);
      const backoff = errorCode(error) === 'NSV_CERTIFICATE_WRONG' ? CERTIFICATE_BACKOFF : BACKOFF;
      const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
      const waitMs = Math.max(Math.min(asked, RETRY_AFTER_MS_MAX), backoffMs(attempt, backoff, random));
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
async function isRefused(stored: ServerKey, options: EnrolmentOptions): Promise<boolean> {
  const { clock, logger, signal, incarnation } = options;
  await using client = new OrchestratorClient({ ...stored, incarnation, clock, timeoutMs: PROBE_TIMEOUT_MS });
  try {
    await client.sendHeartbeats([], signal);
    return false;
  } catch (error) {
    signal?.throwIfAborted();
    // With another certificate, or over TLS where it was plain, it is not the orchestrator this key is for: the new token names the right one.
    if (WRONG_ORCHESTRATOR_OR_KEY.includes(errorCode(error))) return true;
    if (error instanceof NervesysError && error.facts['code'] === 'NSV_UNAUTHORIZED') return true;
    logger.warn('the stored key could not be checked; it is kept', { url: stored.url, ...errorFields(error) });
    return false;
  }
}

/** The stored certificate is that of the stored address; beside its orchestrator the agent is told both anew. */
function withKnownAddress(found: ServerKey, { url, authority }: EnrolmentOptions): ServerKey {
  return url === undefined ? found : { ...found, url, authority };
}

function own({ url, key, server, authority }: ServerKey): AgentKey {
  return { url, key, server, ...(authority === undefined ? {} : { authority }) };
}
