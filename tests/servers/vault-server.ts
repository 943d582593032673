import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Token {
  readonly policies: readonly string[];
  /** Path prefixes that may be read; `['*']`: all. */
  readonly may: readonly string[];
  readonly renewable: boolean;
  /** `undefined`: no lease, as a root token. */
  readonly leaseSeconds: number | undefined;
  expiresAt: number;
  /** Renewals never reach beyond it. */
  readonly lastAt: number;
}

interface Version {
  readonly data: Record<string, unknown>;
  deletedAt: string;
}

/**
 * A strict stand-in for Vault and OpenBao, written from their HTTP API documentation: what those refuse, this refuses with the same status and
 * the same `errors`. One KV engine of version 2, one of version 1, tokens with leases, one AppRole, namespaces and the sealed state.
 */
export class VaultServer implements AsyncDisposable {
  readonly namespace: string;
  roleId = 'role-7d9f';
  secretId = 'secret-id-51c2';
  sealed = false;
  initialized = true;
  /** Lease of tokens that the AppRole gives. */
  leaseSeconds = 3_600;
  /** How often each `METHOD path` was asked. */
  readonly asked: string[] = [];
  /** Moved by tests instead of waiting. */
  skewMs = 0;
  readonly #tokens = new Map<string, Token>();
  readonly #secrets = new Map<string, Version[]>();
  readonly #server: Server;
  #count = 0;

  private constructor(namespace: string) {
    this.namespace = namespace;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(options: { readonly namespace?: string; readonly port?: number } = {}): Promise<VaultServer> {
    const vault = new VaultServer(options.namespace ?? '');
    await new Promise<void>((done) => vault.#server.listen(options.port ?? 0, '127.0.0.1', done));
    return vault;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  issueToken(
    options: { leaseSeconds?: number; maxSeconds?: number; renewable?: boolean; may?: string[]; id?: string } = {},
  ): string {
    const id = options.id ?? `hvs.token-${++this.#count}`;
    const now = this.#now();
    this.#tokens.set(id, {
      policies: ['default', 'nervesys'],
      may: options.may ?? ['*'],
      renewable: options.renewable ?? true,
      leaseSeconds: options.leaseSeconds,
      expiresAt: now + (options.leaseSeconds ?? Infinity) * 1_000,
      lastAt: now + (options.maxSeconds ?? Infinity) * 1_000,
    });
    return id;
  }

  revokeToken(id: string): void {
    this.#tokens.delete(id);
  }

  put(path: string, data: Record<string, unknown>): void {
    const versions = this.#secrets.get(path) ?? [];
    versions.push({ data, deletedAt: '' });
    this.#secrets.set(path, versions);
  }

  deleteLatest(path: string): void {
    this.#secrets.get(path)!.at(-1)!.deletedAt = new Date().toISOString();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #now(): number {
    return Date.now() + this.skewMs;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    };
    const fail = (status: number, ...errors: string[]) => answer(status, { errors });
    const url = new URL(request.url ?? '/', 'http://vault');
    if (!url.pathname.startsWith('/v1/')) return fail(404);
    const path = decodeURIComponent(url.pathname.slice('/v1/'.length));
    this.asked.push(`${request.method} ${path}`);
    if (!this.initialized) return fail(501, 'Vault is not initialized');
    if (this.sealed) return fail(503, 'Vault is sealed');
    const namespace = String(request.headers['x-vault-namespace'] ?? '').replace(/\/+$/, '');
    const isOurs = namespace === this.namespace;
    let body: Record<string, unknown> = {};
    if (request.method === 'POST') {
      try {
        body = JSON.parse(text || '{}');
      } catch {
        return fail(400, 'error parsing JSON');
      }
    }

    if (path === 'auth/approle/login') {
      if (!isOurs) return fail(404, 'no handler for route "auth/approle/login". route entry not found.');
      if (request.method !== 'POST') return fail(405, 'unsupported operation');
      if (body['role_id'] === undefined) return fail(400, 'missing role_id');
      if (body['role_id'] !== this.roleId) return fail(400, 'invalid role or secret ID');
      if (body['secret_id'] !== this.secretId) return fail(400, 'invalid role or secret ID');
      const token = this.issueToken({ leaseSeconds: this.leaseSeconds });
      return answer(200, { auth: this.#auth(token) });
    }

    const id = String(request.headers['x-vault-token'] ?? '');
    if (id === '') return fail(403, 'missing client token', 'permission denied');
    const token = this.#tokens.get(id);
    if (token === undefined || token.expiresAt <= this.#now() || !isOurs)
      return fail(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n');

    if (path === 'auth/token/lookup-self') {
      if (request.method !== 'GET') return fail(405, 'unsupported operation');
      const ttl = token.leaseSeconds === undefined ? 0 : Math.ceil((token.expiresAt - this.#now()) / 1_000);
      return answer(200, { data: { id, ttl, renewable: token.renewable && ttl > 0, policies: token.policies } });
    }
    if (path === 'auth/token/renew-self') {
      if (request.method !== 'POST') return fail(405, 'unsupported operation');
      if (!token.renewable || token.leaseSeconds === undefined) return fail(400, 'lease is not renewable');
      token.expiresAt = Math.min(this.#now() + token.leaseSeconds * 1_000, token.lastAt);
      return answer(200, { auth: this.#auth(id) });
    }
    const may = token.may.includes('*') || token.may.some((prefix) => path.startsWith(prefix));
    const mounts = /^sys\/internal\/ui\/mounts\/(.+)$/.exec(path)?.[1];
    if (mounts !== undefined) {
      const version = mounts.startsWith('secret/') ? '2' : mounts.startsWith('old/') ? '1' : undefined;
      if (version === undefined)
        return fail(
          403,
          "preflight capability check returned 403, please ensure client's policies grant access to path",
        );
      return answer(200, { data: { type: 'kv', options: { version }, path: `${mounts.split('/')[0]}/` } });
    }
    if (!may) return fail(403, '1 error occurred:\n\t* permission denied\n\n');
    if (request.method !== 'GET' && request.method !== 'POST') return fail(405, 'unsupported operation');
    if (path.startsWith('old/')) {
      const found = this.#secrets.get(path)?.at(-1);
      return found === undefined ? fail(404) : answer(200, { data: found.data });
    }
    if (!path.startsWith('secret/')) return fail(404, `no handler for route "${path}". route entry not found.`);
    const name = /^secret\/data\/(.+)$/.exec(path)?.[1];
    if (name === undefined)
      return answer(404, {
        errors: [],
        warnings: [
          'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use.',
        ],
      });
    if (request.method === 'POST') {
      if (typeof body['data'] !== 'object' || body['data'] === null) return fail(400, 'no data provided');
      this.put(name, body['data'] as Record<string, unknown>);
      return answer(200, { data: { version: this.#secrets.get(name)!.length, destroyed: false, deletion_time: '' } });
    }
    const versions = this.#secrets.get(name);
    const newest = versions?.at(-1);
    if (versions === undefined || newest === undefined) return fail(404);
    const metadata = {
      version: versions.length,
      deletion_time: newest.deletedAt,
      destroyed: false,
      custom_metadata: null,
    };
    if (newest.deletedAt !== '') return answer(404, { data: { data: null, metadata } });
    answer(200, { data: { data: newest.data, metadata } });
  }

  #auth(id: string) {
    const token = this.#tokens.get(id)!;
    return {
      client_token: id,
      policies: token.policies,
      renewable: token.renewable,
      lease_duration: Math.floor((token.expiresAt - this.#now()) / 1_000),
    };
  }
}
