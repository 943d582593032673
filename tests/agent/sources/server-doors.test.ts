import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent } from '../../../src/agent/agent.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { httpRequest } from '../../../src/platform/http-request.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { configFolder } from '../../config/folder.ts';
import { SERVER } from '../../support/local-api.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('an agent takes syslog, and listens on the socket that the configuration names', async (t) => {
  const home = await tempDir(t);
  const port = await freePort();
  const socket = join(home, 'named.sock');
  const { config } = await loadConfig(
    await configFolder(t, {
      'agents/_defaults.yaml': `sources: [{ syslog: { tcp: '127.0.0.1:${port}' } }]\nlisten: { socket: ${socket}, socket_mode: '0660' }\n`,
      'agents/grok.yaml': 'role: Reviewer\n',
    }),
  );
  await using _agent = await Agent.open({
    home,
    server: SERVER,
    config,
    port: 0,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });

  const sender = net.connect(port, '127.0.0.1');
  sender.end('<11>1 2026-01-15T08:00:00Z web grok - - - it failed\n');
  const text = await until('the record is there', async () => {
    const answer = await httpRequest({ method: 'GET', url: 'http://localhost/logs?agent_id=GROK', socketPath: socket });
    const body = answer.body.toString();
    return body.includes('it failed') ? body : undefined;
  });
  assert.match(text, /"level":"ERROR"/);
});
