/** What new servers fetch: who can keep others from it. */
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const SLOTS = 16;
/** How long a download may take. */
const DOWNLOAD_MS = 900_000;

async function open(t: TestContext, clock?: Clock): Promise<TestOrchestrator> {
  const folder = await tempDir(t);
  const large = join(folder, 'large');
  await writeFile(large, Buffer.alloc(32 * 1024 * 1024));
  const agentFiles = { bundle: async () => large, node: large, unit: large, bootstrap: large };
  return TestOrchestrator.open(t, await postgres.database(), { agentFiles, ...(clock === undefined ? {} : { clock }) });
}

/** Asks for the bundle, and reads nothing of the answer. */
async function askAndNeverRead(t: TestContext, system: TestOrchestrator): Promise<void> {
  const socket = net.connect(system.orchestrator.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined).pause();
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(`GET /api/v1/agent/bundle HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${system.adminKey}\r\n\r\n`);
}

const bundleStatus = async (system: TestOrchestrator) => {
  const answer = await fetch(`${system.url}/api/v1/agent/bundle`, {
    headers: { authorization: `Bearer ${system.adminKey}` },
  });
  await answer.body?.cancel();
  return answer.status;
};

test('a download that never ends gives its place back in time', async (t) => {
  const sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms === DOWNLOAD_MS ? 1_000 : ms, signal);
  const clock = { ...systemClock, sleep };
  const system = await open(t, clock);
  for (let n = 0; n < SLOTS; n++) await askAndNeverRead(t, system);
  await until('all places are taken', async () => (await bundleStatus(system)) === 429);

  await until('there is room again', async () => (await bundleStatus(system)) === 200);
});
