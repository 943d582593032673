/* Real sockets and a real buffer; only a full buffer is pretended, by a gate before it. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import type { AppendOptions, EncodedRecord, RecordSink } from '../../../../src/agent/buffer/types.ts';
import { AgentRegistry } from '../../../../src/agent/registry.ts';
import { SyslogSource, type SyslogSourceOptions } from '../../../../src/agent/sources/syslog/index.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { openBuffer, SERVER } from '../../../support/local-api.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const FULL = new NervesysError('NSV_BUFFER_FULL', 'full');

async function fixture(t: TestContext, options: Partial<SyslogSourceOptions> = {}) {
  const buffer = openBuffer(await tempDir(t));
  const gate = {
    failure: undefined as Error | undefined,
    attempts: 0,
    /** More at once are too large for the buffer. */
    recordsMax: Number.POSITIVE_INFINITY,
    /** After so many appends it is full, once. */
    failAfter: Number.POSITIVE_INFINITY,
  };
  const taken: { agentId: string; level: string; action: string; message: string; context: Record<string, unknown> }[] =
    [];
  const sink: RecordSink = {
    async append(records: readonly EncodedRecord[], appendOptions?: AppendOptions) {
      gate.attempts++;
      if (gate.failure !== undefined) throw gate.failure;
      if (records.length > gate.recordsMax) throw new NervesysError('NSV_RECORDS_TOO_LARGE', 'too large');
      if (--gate.failAfter === 0) throw FULL;
      const result = await buffer.append(records, appendOptions);
      for (const { agentId, level, action, json } of records) {
        const { message, context } = JSON.parse(`{${json}`);
        taken.push({ agentId, level, action, message, context });
      }
      return result;
    },
    positions: () => buffer.positions(),
    forgetPosition: (file) => buffer.forgetPosition(file),
    recent: (query) => buffer.recent(query),
    stats: () => buffer.stats(),
  };
  const registry = new AgentRegistry({ clock: systemClock });
  const source = await SyslogSource.open({
    udp: LOCAL,
    tcp: LOCAL,
    agentId: undefined,
    configured: ['GROK' as AgentId],
    server: SERVER,
    sink,
    registry,
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  const udp = createSocket('udp4');
  t.after(async () => {
    udp.close();
    await source.close();
    await buffer.close();
  });
  const sendUdp = (text: string | Buffer) =>
    new Promise<void>((resolve, reject) =>
      udp.send(text, source.udpPort!, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
  const connect = async () => {
    const socket = net.connect(source.tcpPort!, '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const takenAll = (count: number) =>
    until(`${count} records (there are ${taken.length})`, () => taken.length >= count);
  return { source, gate, taken, registry, sendUdp, connect, takenAll };
}

test('datagrams become records of the AI agent that they name', async (t) => {
  const { taken, registry, sendUdp, takenAll } = await fixture(t);
  await sendUdp('<11>1 2025-01-15T08:00:00Z web grok 12 - [a@1 b="c"] it failed');
  await sendUdp('<14>Jan 15 08:00:00 web sshd[7]: session opened\n');
  await takenAll(2);

  assert.deepEqual(
    taken.map(({ agentId, level, message }) => [agentId, level, message]),
    [
      ['GROK', 'ERROR', 'it failed'],
      ['sshd', 'INFO', 'session opened'],
    ],
  );
  assert.deepEqual(taken[0]!.context['structured_data'], { 'a@1': { b: 'c' } });
  assert.equal(registry.totals.ERROR, 1);
});

test('in the file of an AI agent all is its own, unless that says otherwise', async (t) => {
  const { taken, sendUdp, takenAll } = await fixture(t, { agentId: 'GIMAI' as AgentId });
  await sendUdp('<11>grok: text');
  await takenAll(1);
  const named = await fixture(t, { agentId: 'GIMAI' as AgentId, agentIdFrom: 'app_name' });
  await named.sendUdp('<11>grok: text');
  await named.takenAll(1);
  await named.sendUdp('<11>nobody says who it is');
  await named.takenAll(2);

  assert.deepEqual([taken[0]!.agentId, taken[0]!.context['app_name']], ['GIMAI', 'grok']);
  assert.deepEqual(
    named.taken.map(({ agentId }) => agentId),
    ['GROK', 'GIMAI'],
  );
});

test('TCP takes counted and line-framed messages, a last one without its end too', async (t) => {
  const { taken, connect, takenAll } = await fixture(t);
  const [one, two] = [await connect(), await connect()];
  one.write('15 <11>grok: a\nb c<11>grok: d\n');
  two.end('<11>grok: e\n<11>grok: f');
  await takenAll(4);

  assert.deepEqual(taken.map(({ message }) => message).sort(), ['a\nb c', 'd', 'e', 'f']);
});

test('hostile datagrams break nothing, and none is refused', async (t) => {
  const { taken, source, sendUdp } = await fixture(t);
  const hostile = [
    Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    '<',
    '<34>',
    '<34>1 ',
    '<99999999>x',
    '\u0000\u0000',
    `<34>1 - - ${'a'.repeat(60)} - - - x`,
    Buffer.alloc(60_000, '<34>['),
    '<34>1 - - \u0007bell - - - controls',
    '{"level":"ERROR"}',
  ];
  for (const text of hostile) await sendUdp(text);
  await sendUdp('');
  await sendUdp('<34>1 - - last - - - end');
  await until('the last one', () => taken.at(-1)?.agentId === 'last');

  assert.equal(taken.length, hostile.length); // all but the NULs, which are no text, and the last one
  assert.equal(source.stats().messages, taken.length);
  assert.ok(taken.every(({ agentId }) => agentId.length <= 50));
});

test('a full buffer holds a TCP sender back, and afterwards everything is there once, in order', async (t) => {
  const { taken, gate, source, connect, takenAll } = await fixture(t);
  gate.failure = FULL;
  const socket = await connect();
  const count = 60_000;
  let written = 0;
  const write = () => {
    while (written < count) if (!socket.write(`<14>grok: ${'x'.repeat(200)} ${written++}\n`)) return;
    socket.end();
  };
  socket.on('drain', write);
  write();
  await until('it is held', () => source.stats().held);
  const before = written;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(written - before < 30_000 && written < count, 'the sender is not held back');

  gate.failure = undefined;
  await takenAll(count);
  assert.deepEqual(
    taken.map(({ message }) => Number(message.slice(201))),
    Array.from({ length: count }, (_, n) => n),
  );
  await until('it is no longer held', () => !source.stats().held);
});

test('UDP waits in memory while the buffer is full; past its bound the least valuable go, and are told', async (t) => {
  const { taken, gate, source, sendUdp } = await fixture(t, { waitingBytesMax: 60_000 });
  gate.failure = FULL;
  for (let n = 0; n < 100; n++) {
    await sendUdp(`<15>1 - - grok - - - debug ${n}`);
    await sendUdp(`<11>1 - - grok - - - error ${n}`);
    if (n % 20 === 19) await until('they are in', () => source.stats().messages === 2 * (n + 1));
  }
  assert.equal(source.stats().held, true);

  gate.failure = undefined;
  await until('the drop is told', () => taken.some(({ action }) => action === 'nervesys.dropped'));
  const notice = taken.find(({ action }) => action === 'nervesys.dropped')!;
  const messages = taken.filter((record) => record !== notice);
  const lost = notice.context['lost'] as Record<string, number>;
  assert.equal(messages.filter(({ level }) => level === 'ERROR').length, 100);
  assert.ok(lost['DEBUG']! > 0);
  assert.equal(messages.length + lost['DEBUG']!, 200);
  assert.equal(lost['ERROR'], 0);
  assert.match(notice.message, new RegExp(`^${lost['DEBUG']} messages of syslog`));
});

test('what waited is stored in pieces where it is too much at once, the notice of drops once', async (t) => {
  const { taken, gate, source, sendUdp } = await fixture(t, { waitingBytesMax: 60_000 });
  gate.failure = FULL;
  for (let n = 0; n < 150; n++) await sendUdp(`<14>1 - - grok - - - info ${n}`);
  await until('they are in', () => source.stats().messages === 150);

  gate.recordsMax = 7;
  gate.failAfter = 3;
  gate.failure = undefined;
  await until('all are there', () => taken.some(({ message }) => message === 'info 149'));

  const notices = taken.filter(({ action }) => action === 'nervesys.dropped');
  const kept = taken.filter(({ action }) => action !== 'nervesys.dropped').map(({ message }) => message);
  assert.equal(notices.length, 1);
  const lost = (notices[0]!.context['lost'] as Record<string, number>)['INFO']!;
  assert.deepEqual(
    kept,
    Array.from({ length: 150 - lost }, (_, n) => `info ${lost + n}`),
  );
});

test('a web page cannot write here: a connection that speaks HTTP is closed', async (t) => {
  const { taken, connect } = await fixture(t);
  const socket = await connect();
  const closed = once(socket, 'close');
  socket.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n<11>1 - - grok - - - forged\n');
  await closed;

  assert.deepEqual(taken, []);
});

test('an address that is taken is told, and had once it is free', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as net.AddressInfo;
  const { source, sendUdp, takenAll } = await fixture(t, { tcp: { host: '127.0.0.1', port }, retryMs: 20 });

  assert.match(source.trouble!, /syslog over TCP on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  await sendUdp('<11>grok: UDP works all the same');
  await takenAll(1);
  await new Promise((resolve) => other.close(resolve));
  await until('it listens', () => source.tcpPort === port);
  assert.equal(source.trouble, undefined);
});

test('closing stores what came in, and ends while the buffer is full', async (t) => {
  const { source, gate, taken, sendUdp, connect } = await fixture(t);
  const socket = await connect();
  socket.on('error', () => undefined);
  await sendUdp('<11>grok: one');
  await until('it is in', () => source.stats().messages === 1);
  gate.failure = FULL;
  socket.write('<11>grok: two\n');
  await until('it waits', () => source.stats().held);

  await source.close();
  assert.deepEqual(
    taken.map(({ message }) => message),
    ['one'],
  );
});
