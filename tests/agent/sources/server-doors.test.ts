import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent } from '../../../src/agent/agent.ts';
import { AgentRegistry } from '../../../src/agent/registry.ts';
import { ServerDoors } from '../../../src/agent/sources/server-doors.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { AgentId } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { httpRequest } from '../../../src/platform/http-request.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { configFolder } from '../../config/folder.ts';
import { openBuffer, SERVER } from '../../support/local-api.ts';
import { foundRevision } from '../../support/revisions.ts';
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

test('a door that stays where it is goes on taking by other settings; one that goes takes what was sent to it', async (t) => {
  const buffer = openBuffer(await tempDir(t));
  const doors = new ServerDoors({
    server: SERVER,
    sink: buffer,
    registry: new AgentRegistry({ clock: systemClock }),
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  t.after(async () => {
    await doors.close();
    await buffer.close();
  });
  const port = await freePort();
  const use = async (sources: string, files: Record<string, string>) =>
    doors.use((await foundRevision({ 'agents/_defaults.yaml': `sources: ${sources}\n`, ...files })).config!);
  const syslog = `{ syslog: { udp: '127.0.0.1:${port}', tcp: '127.0.0.1:${port}' } }`;
  await use(`[${syslog}]`, {});
  const sender = net.connect(port, '127.0.0.1');
  t.after(() => sender.destroy());
  const ended = once(sender, 'end');
  sender.resume();
  let sent = 0;
  const send = (lines: number) => {
    const texts = Array.from({ length: lines }, () => `<11>1 2026-01-15T08:00:00Z web grok - - - ${++sent}\n`);
    sender.write(texts.join(''));
  };
  const stored = (agentId: string) => buffer.recent({ agentId: agentId as AgentId, limit: 1_000 });
  send(1);
  await until('the first is stored', () => buffer.stats().records === 1);

  await use(`[${syslog}, { syslog: { tcp: '127.0.0.1:${await freePort()}' } }]`, { 'agents/grok.yaml': 'role: x\n' });
  send(1);
  await until('the second is stored', () => buffer.stats().records === 2);
  assert.deepEqual(
    (await stored('GROK')).map(({ message }) => message),
    ['2'],
    'by the name that is configured by now',
  );
  send(5_000);
  const udp = createSocket('udp4');
  t.after(() => udp.close());
  for (let n = 0; n < 100; n++)
    await new Promise((resolve) =>
      udp.send('<11>1 2026-01-15T08:00:00Z web gimai - - - x', port, '127.0.0.1', resolve),
    );
  await use('[]', { 'agents/grok.yaml': 'role: x\n' });

  await ended;
  assert.equal(buffer.stats().records, sent + 100);
});
