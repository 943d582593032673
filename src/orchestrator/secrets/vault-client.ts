import type { Clock } from '../../platform/clock.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { type HttpResponse, httpRequest } from '../../platform/http-request.ts';

/** How we show Vault who we are. */
export type VaultLogin =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'approle'; readonly roleId: string; readonly secretId: string };

export interface VaultSettings {
  /** `https://vault.example.com:8200`, without `/v1`. */
  readonly address: string;
  readonly namespace?: string | undefined;
  /** Where the KV engine (version 2) is mounted: `secret`. */
  readonly mount: string;
  /** The secret below it: `nervesys`. */
  readonly path: string;
  /** Asked at each login: what stands in a file may have been renewed meanwhile. */
  readonly login: () => VaultLogin;
}

/** One version of the secret. Never log it. */
export interface VaultSecret {
  readonly version: number;
  readonly values: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;
/** A KV secret is at most 1 MiB in Vault's own storage. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
const SAID_LENGTH_MAX = 200;

interface Session {
  readonly token: string;
  /** On the monotonic clock; `Infinity` for a token without a lease (root), or where Vault doesn't tell. */
  readonly renewAt: number;
  readonly renewable: boolean;
  /** Of the login; a renewal that gives less than half of it is near the token's last day. */
  readonly leaseMs: number;
}

/**
 * Reads one secret of a KV version 2 engine (HashiCorp Vault, OpenBao), and keeps itself signed in: the token's lease is renewed at its
 * half, and an AppRole signs in again where that doesn't help. All methods reject with `NSV_VAULT_*`; no message holds a credential.
 */
export class VaultClient {
  readonly #settings: VaultSettings;
  readonly #clock: Clock;
  #session: Session | undefined;

  constructor(settings: VaultSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** ms until the lease wants to be renewed; 0 when it is due. */
  get renewalDueMs(): number {
    return this.#session === undefined ? 0 : Math.max(0, this.#session.renewAt - this.#clock.monotonic());
  }

  /** The newest version of the secret; signs in and renews as needed. A refusal is answered by signing in anew, once. */
  async read(signal?: AbortSignal): Promise<VaultSecret> {
    const fresh = this.#session === undefined;
    const session = await this.#signedIn(signal);
    try {
      return await this.#readOnce(session, signal);
    } catch (error) {
      if (fresh || !isDenied(error)) throw error;
      this.#session = undefined; // expired or revoked while we held it
      return this.#readOnce(await this.#signedIn(signal), signal);
    }
  }

  async #signedIn(signal: AbortSignal | undefined): Promise<Session> {
    const session = this.#session;
    if (session === undefined) this.#session = await this.#signIn(signal);
    else if (this.renewalDueMs === 0) this.#session = await this.#renew(session, signal);
    return this.#session as Session;
  }

  async #signIn(signal: AbortSignal | undefined): Promise<Session> {
    const login = this.#settings.login();
    if (login.type === 'approle') {
      const what = 'sign in by AppRole';
      const answer = await this.#ask(what, 'POST', 'auth/approle/login', {
        body: { role_id: login.roleId, secret_id: login.secretId },
        hide: [login.roleId, login.secretId],
        signal,
      });
      // A wrong role or secret id is a 400 there, not a 403.
      if (answer.status === 400) throw denied(`${what}: ${this.#said(answer, [login.roleId, login.secretId])}`);
      const auth = object(this.#json(what, answer, [login.roleId, login.secretId])['auth']);
      if (typeof auth?.['client_token'] !== 'string') throw strange(`${what}: the answer holds no token`);
      return this.#lease(auth['client_token'], auth['lease_duration'], auth['renewable']);
    }
    const answer = await this.#ask('look up the token', 'GET', 'auth/token/lookup-self', {
      token: login.token,
      signal,
    });
    // A token without the default policy may not look itself up, yet read: whether it is good, the secret will tell.
    if (answer.status === 403) return this.#lease(login.token, 0, false);
    const data = object(this.#json('look up the token', answer, [login.token])['data']);
    return this.#lease(login.token, data?.['ttl'], data?.['renewable']);
  }

  async #renew(session: Session, signal: AbortSignal | undefined): Promise<Session> {
    if (!session.renewable) return this.#signIn(signal);
    const what = 'renew the token';
    const answer = await this.#ask(what, 'POST', 'auth/token/renew-self', { token: session.token, body: {}, signal });
    // Denied: it has expired. Refused as wrong: it can't be renewed any more. Either way only another sign-in helps.
    if (answer.status === 403 || answer.status === 400) return this.#signIn(signal);
    const auth = object(this.#json(what, answer, [session.token])['auth']);
    const renewed = this.#lease(session.token, auth?.['lease_duration'], auth?.['renewable'], session.leaseMs);
    const nearItsEnd = Number(auth?.['lease_duration']) * 1_000 < session.leaseMs / 2;
    return nearItsEnd && this.#settings.login().type === 'approle' ? this.#signIn(signal) : renewed;
  }

  #lease(token: string, leaseSeconds: unknown, renewable: unknown, firstLeaseMs?: number): Session {
    const leaseMs = typeof leaseSeconds === 'number' && leaseSeconds > 0 ? leaseSeconds * 1_000 : Infinity;
    return {
      token,
      renewAt: this.#clock.monotonic() + leaseMs / 2,
      renewable: renewable === true,
      leaseMs: firstLeaseMs ?? leaseMs,
    };
  }

  async #readOnce({ token }: Session, signal: AbortSignal | undefined): Promise<VaultSecret> {
    const { mount, path } = this.#settings;
    const what = `read ${mount}/${path}`;
    const answer = await this.#ask(what, 'GET', `${mount}/data/${path}`, { token, signal });
    if (answer.status === 404) throw await this.#explainAbsence(what, answer, token, signal);
    const data = object(this.#json(what, answer, [token])['data']);
    const values = object(data?.['data']);
    const version = object(data?.['metadata'])?.['version'];
    if (values === undefined || typeof version !== 'number')
      throw strange(`${what}: this is no secret of a KV engine of version 2`, KV2_HINT(mount));
    return { version, values: texts(values) };
  }

  /** 404 has three reasons that need three remedies: nothing at the path, a deleted version, no such engine. */
  async #explainAbsence(what: string, answer: HttpResponse, token: string, signal: AbortSignal | undefined) {
    const { mount, path } = this.#settings;
    const parsed = parse(answer.body);
    if (object(parsed?.['data'])?.['metadata'] !== undefined)
      return absent(`${what}: its newest version was deleted`, `vault kv undelete or put ${mount}/${path}`);
    const said = this.#said(answer, [token]);
    if (/no handler for route|unsupported path/.test(said))
      return strange(`${what}: no engine is mounted at ${mount}`, 'check VAULT_MOUNT, and VAULT_NAMESPACE');
    // An engine of version 1 takes `data/…` for a name like any other: what it is, this question tells (as the vault command asks it).
    const asked = await this.#ask(what, 'GET', `sys/internal/ui/mounts/${mount}/data/${path}`, { token, signal });
    const options = object(object(parse(asked.body)?.['data'])?.['options']);
    if (asked.status === 200 && options?.['version'] !== '2')
      return strange(`${what}: the engine at ${mount} is not a KV engine of version 2`, KV2_HINT(mount));
    return absent(
      `${what}: there is nothing`,
      `vault kv put -mount=${mount} ${path} STORJ_ACCESS_KEY=… DATABASE_URL=…`,
    );
  }

  async #ask(
    what: string,
    method: 'GET' | 'POST',
    path: string,
    options: {
      readonly token?: string;
      readonly body?: object;
      readonly hide?: readonly string[];
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<HttpResponse> {
    const { address, namespace } = this.#settings;
    const { token, body, signal } = options;
    const hide = [...(options.hide ?? []), ...(token === undefined ? [] : [token])];
    let answer: HttpResponse;
    try {
      answer = await httpRequest(
        {
          method,
          url: `${address.replace(/\/+$/, '')}/v1/${path.split('/').map(encodeURIComponent).join('/')}`,
          headers: {
            accept: 'application/json',
            'x-vault-request': 'true',
            ...(token === undefined ? {} : { 'x-vault-token': token }),
            ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          timeoutMs: TIMEOUT_MS,
          responseBytesMax: ANSWER_BYTES_MAX,
          signal,
        },
        this.#clock,
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new NervesysError('NSV_VAULT_UNREACHABLE', `${what} in Vault: ${hidden(describeError(error), hide)}`, {
        retryable: true,
        hint: 'check VAULT_ADDR and that Vault runs; a certificate of your own goes into NODE_EXTRA_CA_CERTS',
      });
    }
    const said = () => this.#said(answer, hide);
    if (answer.status === 503 || answer.status === 501)
      throw new NervesysError('NSV_VAULT_SEALED', `${what} in Vault at ${address}: ${said()}`, {
        retryable: true,
        hint: 'unseal it (vault operator unseal)',
      });
    if (answer.status === 412 || answer.status === 429 || answer.status >= 472)
      throw new NervesysError('NSV_VAULT_UNREACHABLE', `${what} in Vault at ${address}: ${said()}`, {
        retryable: true,
      });
    if (answer.status >= 300 && answer.status < 400)
      throw strange(
        `${what}: ${address} sends elsewhere (${answer.status})`,
        'set VAULT_ADDR to where Vault itself is',
      );
    return answer;
  }

  #json(what: string, answer: HttpResponse, hide: readonly string[]): Record<string, unknown> {
    if (answer.status === 403) throw denied(`${what}: ${this.#said(answer, hide)}`);
    const value = parse(answer.body);
    if (answer.status !== 200 || value === undefined) throw strange(`${what}: ${this.#said(answer, hide)}`);
    return value;
  }

  /** What Vault said, bounded, and without what we had sent. */
  #said(answer: HttpResponse, hide: readonly string[]): string {
    const errors = parse(answer.body)?.['errors'];
    const texts = Array.isArray(errors) ? errors.filter((one) => typeof one === 'string') : [];
    const text = hidden(texts.join('; '), hide).replace(/\s+/g, ' ').trim().slice(0, SAID_LENGTH_MAX);
    return text === '' ? `status ${answer.status}` : `status ${answer.status}, ${text}`;
  }
}

const KV2_HINT = (mount: string) =>
  `vault kv enable-versioning ${mount}, or name another engine by VAULT_MOUNT; VAULT_PATH is the secret's name without data/`;

function isDenied(error: unknown): boolean {
  return error instanceof NervesysError && error.code === 'NSV_VAULT_DENIED';
}

function denied(what: string): NervesysError {
  return new NervesysError('NSV_VAULT_DENIED', `Vault refuses to ${what}`, {
    hint: 'check that VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, still hold, and that their policy may read the path',
  });
}

function absent(what: string, remedy: string): NervesysError {
  return new NervesysError('NSV_VAULT_NOT_FOUND', `${what} in Vault`, { hint: remedy });
}

function strange(what: string, hint = 'check VAULT_ADDR, VAULT_MOUNT and VAULT_PATH'): NervesysError {
  return new NervesysError('NSV_VAULT_INVALID', what, { hint });
}

function hidden(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => (secret === '' ? left : left.replaceAll(secret, '***')), text);
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    return object(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined; // never with the parser's message: it quotes the text
  }
}

function object(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** A secret's fields that are texts; others aren't settings. */
function texts(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
