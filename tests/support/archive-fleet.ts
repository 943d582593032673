import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { BatchConfirmation } from '../../src/contract/batch.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Archive, openArchive } from '../../src/storage/index.ts';
import { S3Server, type S3ServerOptions } from '../servers/s3-server.ts';
import type { MadeBatch } from './batch.ts';
import { TestOrchestrator } from './orchestrator.ts';
import type { TestPostgres } from './postgres.ts';

/** The names of the first two batches of `makeBatch`'s usual window. */
export const KEY = 'logs/AIGARDEN01/2025-12-10/19-40.json.gz';
export const NEXT_KEY = 'logs/AIGARDEN01/2025-12-10/19-40.1.json.gz';

/** An orchestrator, its archive, and the key of AIGARDEN01. */
export interface Fleet {
  readonly orchestrator: TestOrchestrator;
  readonly database: Database;
  readonly archive: Archive;
  readonly key: string;
}

export async function openFleet(t: TestContext, postgres: TestPostgres, archive?: Archive): Promise<Fleet> {
  const database = await postgres.database();
  const orchestrator = await TestOrchestrator.open(t, database, archive === undefined ? {} : { archive });
  return { orchestrator, database, archive: orchestrator.archive, key: await orchestrator.enrol('AIGARDEN01') };
}

export async function openS3Fleet(
  t: TestContext,
  postgres: TestPostgres,
  options: S3ServerOptions = {},
): Promise<Fleet & { readonly s3: S3Server }> {
  const s3 = await S3Server.start(options);
  const limits = { backoffBaseMs: 5, backoffMaxMs: 20 };
  const fleet = await openFleet(t, postgres, await openArchive(s3.settings, { clock: systemClock, limits }));
  t.after(() => s3[Symbol.asyncDispose]());
  return { ...fleet, s3 };
}

export function announce({ orchestrator, key }: Fleet, batch: MadeBatch, as = key) {
  return orchestrator.ask('POST', '/api/v1/batches', { key: as, body: batch.announcement });
}

export function confirm(
  { orchestrator, key }: Fleet,
  batch: MadeBatch,
  replace: Partial<Record<keyof BatchConfirmation, unknown>>,
) {
  const { manifest, sha256 } = batch.announcement;
  const { epoch, first, last } = manifest;
  const body = { epoch, first, last, sha256, key: KEY, outcome: 'stored', ...replace };
  return orchestrator.ask('POST', '/api/v1/batches/confirm', { key, body });
}

/** What an agent does with a permission: nothing of its own, whatever the archive. */
export async function put(
  fleet: Fleet,
  permission: { url: string; headers: Record<string, string> },
  body: Uint8Array,
) {
  const { 'content-length': _length, ...headers } = permission.headers; // fetch sets it
  const url = new URL(permission.url, fleet.orchestrator.url);
  const answer = await fetch(url, { method: 'PUT', headers, body: body as Uint8Array<ArrayBuffer> });
  const text = await answer.text();
  return { status: answer.status, text };
}

export async function archiveBatch(fleet: Fleet, batch: MadeBatch): Promise<string> {
  const permission = await announce(fleet, batch);
  assert.equal(permission.json.state, 'upload', permission.text);
  assert.equal((await put(fleet, permission.json, batch.object)).status, 200);
  const answer = await confirm(fleet, batch, { key: permission.json.key });
  assert.deepEqual(answer.json, { state: 'archived', key: permission.json.key });
  return permission.json.key;
}
