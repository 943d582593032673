import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { createLogger } from '../../src/sdk/logger.ts';
import { assertEachOnceInOrder, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/** An archive that is away: nothing leaves the buffer, so that everything can be read at the agent. */
const NO_ARCHIVE = {
  NERVESYS_SERVER: 'AIGARDEN01',
  STORJ_ENDPOINT: 'http://127.0.0.1:1',
  STORJ_BUCKET: 'nowhere',
  STORJ_ACCESS_KEY: 'example',
  STORJ_SECRET_KEY: 'example',
};

test('an agent that is killed and restarted while a program logs has each record once and in order', async (t) => {
  const home = await tempDir(t);
  const port = await freePort();
  const args = ['agent', '--agent-port', String(port)];
  let agent = await RunningSystem.start(t, home, args, NO_ARCHIVE);
  const fallen: string[] = [];
  const logger = createLogger({
    agentId: 'GROK',
    url: `http://127.0.0.1:${port}`,
    fallback: (line) => fallen.push(line),
  });
  t.after(() => logger.close(0));

  let n = 0;
  const writing = setInterval(() => {
    for (let i = 0; i < 5 && n < 900; i++) logger.info('count', `record ${++n}`, { n });
  }, 10);
  t.after(() => clearInterval(writing));
  await until('records are on their way', () => logger.counts.delivered > 50);
  await agent.kill();
  await until('more are waiting', () => logger.counts.waiting > 50 || n === 900);
  agent = await RunningSystem.start(t, home, args, NO_ARCHIVE);
  await until('all are written', () => n === 900);
  assert.equal(await logger.flush(), true);

  const answer = await fetch(`${agent.agentUrl}/logs?agent_id=GROK&limit=1000`);
  const { records } = (await answer.json()) as { records: ArchivedRecord[] };
  assertEachOnceInOrder(records.reverse(), 'GROK', 900);
  assert.deepEqual(fallen, []);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
