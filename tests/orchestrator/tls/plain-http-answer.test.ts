import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { refuseMalformed } from '../../../src/orchestrator/api/server.ts';
import { createAuthority, issueServerCertificate } from '../../../src/orchestrator/tls/issue-certificate.ts';
import { answerPlainHttp } from '../../../src/orchestrator/tls/plain-http-answer.ts';
import { httpRequest } from '../../../src/platform/http-request.ts';
import { until } from '../../support/until.ts';

async function secureServer(t: TestContext) {
  const authority = await createAuthority(Date.now());
  const { certificate, key } = await issueServerCertificate(authority, ['127.0.0.1'], Date.now());
  const server = https.createServer({ cert: certificate, key, handshakeTimeout: 300 }, (request, response) => {
    const bytes = { count: 0 };
    request.on('data', (data: Buffer) => {
      bytes.count += data.length;
    });
    request.on('end', () => response.end(String(bytes.count)));
  });
  server.on('clientError', refuseMalformed);
  answerPlainHttp(server, 300);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const connections = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  return { port, connections, authority: authority.certificate };
}

test('connections that say nothing, garbage, or half a handshake are cut, and leave nothing behind', async (t) => {
  const { port, connections } = await secureServer(t);
  const garbage = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 50]), Buffer.alloc(50, 7)]);
  const sockets = [Buffer.alloc(0), Buffer.from([0x16]), Buffer.from([0x16, 3, 1]), garbage].map((bytes) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    return socket.resume();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));

  await until('all are gone', async () => (await connections()) === 0);
});

test('whoever speaks plain HTTP and never ends is answered and cut', async (t) => {
  const { port, connections } = await secureServer(t);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  socket.write('POST /api/v1/heartbeats HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');

  await until('it is told', () => heard.includes('NSV_TLS_EXPECTED'));

  assert.match(heard, /^HTTP\/1\.1 400 /);
  await until('it is gone', async () => (await connections()) === 0);
});

test('what comes in many small packets over TLS comes whole', async (t) => {
  const { port, authority } = await secureServer(t);
  const body = 'x'.repeat(1_000_000);

  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      httpRequest({ method: 'POST', url: `https://127.0.0.1:${port}/`, body, authority, timeoutMs: 20_000 }),
    ),
  );

  assert.deepEqual(new Set(answers.map((answer) => answer.body.toString())), new Set(['1000000']));
});
