import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import type { RecordSink } from '../../src/agent/buffer/types.ts';
import { AgentRegistry } from '../../src/agent/registry.ts';
import { LocalApi, type LocalApiOptions } from '../../src/agent/sources/http/local-api.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type HttpResponse, httpRequest } from '../../src/platform/http-request.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { tempDir } from './temp-dir.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
type JsonObject = Record<string, any>;

export const SERVER = 'AIGARDEN01' as ServerName;

/** A real buffer in a folder of its own. */
export function openBuffer(dir: string, limitBytes = 100_000_000): LogBuffer {
  return LogBuffer.open({
    path: join(dir, 'buffer.db'),
    server: SERVER,
    limitBytes,
    windowMs: 600_000,
    batchTextBytes: 10_000_000,
    clock: systemClock,
    logger: silentLogger,
  });
}

/** A local API over a real buffer, closed when the test ends. `options` replace its parts. */
export async function openLocalApi(t: TestContext, options: Partial<LocalApiOptions> = {}) {
  const dir = await tempDir(t);
  const buffer = openBuffer(dir);
  const registry = new AgentRegistry({ clock: systemClock });
  const api = await LocalApi.open({
    server: SERVER,
    sink: buffer,
    registry,
    clock: systemClock,
    logger: silentLogger,
    port: 0,
    agentConfig: () => undefined,
    flush: async () => ({ objects: [], records: 0 }),
    health: () => [],
    ...options,
  });
  t.after(async () => {
    await api.close(0);
    await buffer.close();
  });
  const ask = (
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<HttpResponse & { json: () => JsonObject }> => askUrl(`${api.url}${path}`, method, body, headers);
  return { dir, buffer, sink: buffer as RecordSink, registry, api, ask };
}

async function askUrl(
  url: string,
  method: string,
  body: string | Uint8Array | undefined,
  headers: Record<string, string>,
) {
  const response = await httpRequest({ method, url, headers, ...(body === undefined ? {} : { body }) });
  return { ...response, json: () => JSON.parse(response.body.toString()) };
}
