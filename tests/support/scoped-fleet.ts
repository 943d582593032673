import type { TestContext } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { ScopedCredentials } from '../../src/contract/credentials.ts';
import { StsIssuer, type StsIssuerOptions } from '../../src/orchestrator/credentials/sts-issuer.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import type { OrchestratorOptions } from '../../src/orchestrator/orchestrator.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { createLogger, silentLogger } from '../../src/platform/logger.ts';
import { openArchive, type S3Settings } from '../../src/storage/index.ts';
import { amzDate, signRequest } from '../../src/storage/sigv4.ts';
import { configFolder } from '../config/folder.ts';
import { SERVER } from './local-api.ts';
import { TestOrchestrator } from './orchestrator.ts';
import type { TestPostgres } from './postgres.ts';

export const HOUR_MS = 3_600_000;

export interface ScopedFleet {
  readonly central: TestOrchestrator;
  readonly database: Database;
  /** What the orchestrator was opened with, for opening it again. */
  readonly options: OrchestratorOptions;
  /** The orchestrator's log so far. */
  readonly log: () => string;
}

/** An orchestrator that gives out scoped credentials for the bucket of `store`, by the STS at the same address. */
export async function openScopedFleet(
  t: Pick<TestContext, 'after'>,
  postgres: TestPostgres,
  store: S3Settings,
  {
    lifetimeMs = 12 * HOUR_MS,
    ...issuing
  }: Pick<StsIssuerOptions, 'roleArn' | 'allowOverwriting'> & { readonly lifetimeMs?: number } = {},
): Promise<ScopedFleet> {
  const lines: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void lines.push(line) });
  const { accessKey, secretKey, endpoint, region = 'eu1', bucket } = store;
  const place = { endpoint, region, bucket, addressing: 'path' } as const;
  const issuer = new StsIssuer({ place, ...issuing, keys: { accessKey, secretKey }, clock: systemClock, logger });
  const limits = { backoffBaseMs: 5, backoffMaxMs: 20 };
  const archive = await openArchive({ ...store, type: 's3' }, { clock: systemClock, limits });
  const database = await postgres.database();
  const common = { archive, logger, scoped: { issuer, place, lifetimeMs } };
  const central = await TestOrchestrator.open(t, database, common);
  t.after(() => issuer[Symbol.dispose]());
  const { port } = central.orchestrator;
  const options = { home: central.home, host: '127.0.0.1', port, clock: systemClock, database, ...common };
  return { central, database, options, log: () => lines.join('') };
}

/** An agent of that fleet with `credentials: scoped`, joined by a token of its own. */
export async function openScopedAgent(
  t: TestContext,
  { central }: Pick<ScopedFleet, 'central'>,
  home: string,
  server = SERVER,
): Promise<Agent> {
  const { config } = await loadConfig(await configFolder(t, { 'storage.yaml': 'credentials: scoped\n' }));
  const { token } = await central.orchestrator.createToken();
  const agent = await Agent.open({
    home,
    server,
    config,
    port: 0,
    join: { token, url: central.url },
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

/** One request signed with these credentials, whatever our own client would send; `key` '' is the bucket itself. */
export async function sendSigned(
  credentials: ScopedCredentials,
  method: string,
  key: string,
  more: { readonly body?: string; readonly query?: string; readonly headers?: Record<string, string> } = {},
): Promise<{ status: number; code: string | undefined }> {
  const { body = '', query = '', headers = {} } = more;
  const at = Date.now();
  const url = new URL(`/${credentials.bucket}${key === '' ? '' : `/${key}`}${query}`, credentials.endpoint);
  const signed = {
    ...headers,
    'x-amz-content-sha256': sha256Hex(body),
    'x-amz-date': amzDate(at),
    ...(credentials.session_token === undefined ? {} : { 'x-amz-security-token': credentials.session_token }),
  };
  const authorization = signRequest(
    {
      method,
      path: url.pathname,
      query: [...url.searchParams],
      headers: { ...signed, host: url.host },
      payloadHash: sha256Hex(body),
    },
    { accessKey: credentials.access_key, secretKey: credentials.secret_key, region: credentials.region },
    at,
  );
  const init = method === 'PUT' ? { body } : {};
  const answer = await fetch(url, { method, headers: { ...signed, authorization }, ...init });
  return { status: answer.status, code: /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1] };
}
