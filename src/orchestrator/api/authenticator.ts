import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Database } from '../database/database.ts';
import { type Found, findSession } from '../database/queries/find-principal.ts';
import { KeyLookup } from './key-lookup.ts';
import type { Principal } from './principal.ts';
import { hashSecret, looksLikeSecret } from './secrets.ts';

export const SESSION_COOKIE = 'nervesys_session';

const CHANNEL = 'nervesys_forget';
/** A found key is believed this long without asking Postgres again; a revocation is told at once besides (`forget`). */
const BELIEVED_MS = 10_000;
/** Bounds the memory of the cache to a few MB; past it the oldest go. */
const REMEMBERED_MAX = 20_000;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Finds out who asks: by `Authorization: Bearer`, or by the session cookie. */
export class Authenticator {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #keys: KeyLookup;
  readonly #logger: Logger;
  /** Counts up with each `forget`: what was asked for before one isn't believed after it. */
  #forgotten = 0;
  readonly #remembered = new Map<string, { readonly found: Found; readonly until: number }>();
  readonly #listeners = new Set<(keySha256: string) => void>();

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly logger: Logger }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#keys = new KeyLookup(options);
    this.#logger = options.logger;
  }

  /** Hears other replicas' `forget`. */
  async start(): Promise<void> {
    await this.#database.listen(CHANNEL, {
      onMessage: (sha256) => this.#drop(sha256),
      onGap: () => this.#drop(''),
    });
  }

  /**
   * The principal behind the request's key or cookie; null when it shows none. Rejects with `NSV_UNAUTHORIZED` for an unknown key,
   * `NSV_AGENT_REVOKED` for one that was taken away, `NSV_FORBIDDEN` for a cookie that another site sent along.
   */
  async authenticate(request: FastifyRequest): Promise<Principal | null> {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const key = /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1] ?? '';
      const found = looksLikeSecret(key) ? await this.#find('key', key) : UNKNOWN;
      if (found.type === 'principal') {
        request.agentKey = found.key ?? null;
        return found.principal;
      }
      if (found.type === 'revoked')
        throw new NervesysError('NSV_AGENT_REVOKED', `this server's key does not open any more: ${found.reason}`);
      throw new NervesysError('NSV_UNAUTHORIZED', 'this key is not known here');
    }
    const session = sessionCookie(cookie);
    if (session === undefined) return null;
    const found = looksLikeSecret(session) ? await this.#find('session', session) : UNKNOWN;
    if (found.type !== 'principal') return null; // an old cookie is no offence: the page shows how to sign in
    refuseForeignOrigin(request);
    return found.principal;
  }

  /** Forgets what was remembered of keys and sessions, or of one key, here and in other replicas: after a revocation. */
  async forget(keySha256 = ''): Promise<void> {
    this.#drop(keySha256);
    await this.#database.notify(CHANNEL, keySha256).catch((error: unknown) => {
      // Others still forget by themselves after BELIEVED_MS.
      this.#logger.warn('other replicas were not told to forget keys', errorFields(error));
    });
  }

  /** Calls `listener` when a key (`''`: any) may not be good any more: for whoever holds an answer back. */
  onForget(listener: (keySha256: string) => void): void {
    this.#listeners.add(listener);
  }

  /** Forgets one key in this process alone: what others still believe of it does no harm. */
  forgetHere(keySha256: string): void {
    this.#forgotten++; // a look at it that is on its way has seen what stood before
    this.#remembered.delete(`key ${keySha256}`);
  }

  #drop(keySha256: string): void {
    if (keySha256 !== '') this.forgetHere(keySha256);
    else {
      this.#forgotten++;
      this.#remembered.clear();
    }
    for (const listener of this.#listeners) listener(keySha256);
  }

  async #find(kind: 'key' | 'session', secret: string): Promise<Found> {
    const sha256 = hashSecret(secret);
    const name = `${kind} ${sha256}`;
    const now = this.#clock.monotonic();
    const known = this.#remembered.get(name);
    if (known !== undefined && known.until > now) return known.found;
    const asked = this.#forgotten;
    const found =
      kind === 'key'
        ? await this.#keys.find(sha256)
        : await findSession(this.#database, sha256, new Date(this.#clock.now()));
    // Unknown secrets aren't remembered: whoever tries many would fill the memory, and one may become known a moment later.
    if (found.type !== 'unknown' && asked === this.#forgotten) {
      if (this.#remembered.size >= REMEMBERED_MAX) {
        for (const oldest of this.#remembered.keys()) {
          this.#remembered.delete(oldest);
          break;
        }
      }
      this.#remembered.delete(name); // put in anew, it is the youngest
      this.#remembered.set(name, { found, until: now + BELIEVED_MS });
    }
    return found;
  }
}

const UNKNOWN: Found = { type: 'unknown' };

export function sessionCookie(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === SESSION_COOKIE) return part.slice(at + 1).trim();
  }
  return undefined;
}

/**
 * A browser sends our cookie along with requests of any page of the same site, and every port of a host is one site
 * (SameSite=Strict doesn't help there). So whatever changes something must come from our own page.
 */
export function refuseForeignOrigin(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const { origin, host } = request.headers;
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  throw new NervesysError('NSV_FORBIDDEN', 'a session may change things only from its own page', {
    hint: 'programs send `Authorization: Bearer <key>` instead of the cookie',
  });
}
