import { type ScopedCredentials, serverPrefix } from '../../contract/credentials.ts';
import type { ServerName } from '../../contract/ids.ts';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import type { BucketPlace, CredentialIssuer } from './issuer.ts';

/** How scoped credentials are made here. */
export interface ScopedSettings {
  readonly issuer: CredentialIssuer;
  readonly place: BucketPlace;
  readonly lifetimeMs: number;
  /** Objects of logs are to end by themselves so long after; absent: they aren't. */
  readonly logsExpireAfterMs?: number | undefined;
}

export interface ScopedPermitsOptions extends ScopedSettings {
  readonly database: Database;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long the store is waited for until it has shown what it can do. */
const PREPARE_TIMEOUT_MS = 9_000;
/**
 * Given to one server within an hour, by one process. A server needs one in hours; restarts and a store that refuses what it was given
 * make it a few more. Past it somebody plays with a stolen key, and each would be an entry in the audit log.
 */
const ISSUES_MAX = 20;
const ISSUES_WITHIN_MS = 3_600_000;
/** Servers remembered for that; when it is reached they begin anew. */
const SERVERS_MAX = 50_000;

/**
 * Gives servers credentials for their own prefix (docs/decisions/0010). Each is made anew and told in the audit log before it is handed out;
 * none is kept here. Only where the store guards names: with these keys nobody asks anybody before a put.
 */
export class ScopedPermits {
  readonly #options: ScopedPermitsOptions;
  readonly #issuedAt = new Map<ServerName, number[]>();

  constructor(options: ScopedPermitsOptions) {
    this.#options = options;
  }

  /** Rejects with `NSV_CREDENTIALS_UNAVAILABLE`, `_FAILED` or `_TRIES`, or as an archive does. `address`: where the server asks from. */
  async issue(server: ServerName, address: string, signal: AbortSignal): Promise<ScopedCredentials> {
    const { issuer, place, lifetimeMs, logsExpireAfterMs, database, clock, logger } = this.#options;
    const release = this.#reserve(server);
    try {
      await this.#requireGuardedNames(signal);
      const askedAt = clock.now();
      const prefix = serverPrefix(server);
      const keys = await issuer.issue({ server, prefix, seconds: Math.floor(lifetimeMs / 1000) }, signal);
      const expiresAt = new Date(Math.min(keys.expiresAt, askedAt + lifetimeMs)).toISOString();
      const now = new Date(clock.now());
      await database.transaction((transaction) =>
        appendAudit(transaction, {
          at: now,
          by: { type: 'agent', name: server, address },
          action: 'credentials.issued',
          subject: server,
          detail: { prefix, expires_at: expiresAt, by: issuer.description },
        }),
      );
      logger.info('scoped credentials issued', { server, expiresAt });
      return {
        type: 'scoped',
        access_key: keys.accessKey,
        secret_key: keys.secretKey,
        ...(keys.sessionToken === undefined ? {} : { session_token: keys.sessionToken }),
        ...place,
        ...(logsExpireAfterMs === undefined ? {} : { logs_expire_after_seconds: logsExpireAfterMs / 1_000 }),
        prefixes: [prefix],
        expires_at: expiresAt,
        now: now.toISOString(),
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #requireGuardedNames(signal: AbortSignal): Promise<void> {
    const { archive, clock } = this.#options;
    await withDeadline(clock, PREPARE_TIMEOUT_MS, signal, async (inTime) => archive.prepare?.(inTime));
    if (archive.guardsNames === true) return;
    const reason =
      archive.guardsNames === false
        ? `${archive.description} does not honour If-None-Match, so a server that names its batches by itself could overwrite`
        : `whether ${archive.description} honours If-None-Match could not be found out: its keys may not write nervesys-probe`;
    throw new NervesysError('NSV_CREDENTIALS_UNAVAILABLE', `issue scoped credentials: ${reason}`, {
      hint: 'Use credentials: presigned in storage.yaml, which is safe with every store.',
    });
  }

  /** Counts it before it is made, so that many at once are not more; gives back what takes the count away again. */
  #reserve(server: ServerName): () => void {
    const now = this.#options.clock.now();
    if (this.#issuedAt.size >= SERVERS_MAX) this.#issuedAt.clear();
    const recent = (this.#issuedAt.get(server) ?? []).filter((at) => now - at < ISSUES_WITHIN_MS && at <= now);
    this.#issuedAt.set(server, recent);
    const oldest = recent[0];
    if (oldest !== undefined && recent.length >= ISSUES_MAX)
      throw new NervesysError('NSV_CREDENTIALS_TRIES', `${server} was given ${ISSUES_MAX} credentials within an hour`, {
        facts: { retryAfterMs: oldest + ISSUES_WITHIN_MS - now },
      });
    recent.push(now);
    return () => {
      const index = recent.indexOf(now);
      if (index !== -1) recent.splice(index, 1);
    };
  }
}
