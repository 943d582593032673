import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeError, errorCode } from '../../src/platform/errors.ts';
import { httpRequest, openConnections } from '../../src/platform/http-request.ts';

async function serve(handler: http.RequestListener, path?: string): Promise<{ url: string } & AsyncDisposable> {
  const server = http.createServer(handler);
  server.listen(path ?? { host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${path === undefined ? address.port : 80}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a request brings back status, headers and body as they came', async () => {
  await using server = await serve(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    res.writeHead(418, { 'x-seen': `${req.method} ${req.headers['x-mine']}` }).end(Buffer.concat(chunks));
  });

  const answer = await httpRequest({ method: 'PUT', url: `${server.url}/a`, headers: { 'x-mine': '1' }, body: 'שלום' });

  assert.equal(answer.status, 418);
  assert.equal(answer.headers['x-seen'], 'PUT 1');
  assert.equal(answer.body.toString(), 'שלום');
});

test('a Unix socket can be asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nv-http-'));
  const socketPath = join(folder, 's.sock');
  {
    await using _server = await serve((_req, res) => res.end('by socket'), socketPath);
    const answer = await httpRequest({ method: 'GET', url: 'http://localhost/x', socketPath });
    assert.equal(answer.body.toString(), 'by socket');
  }
  await rm(folder, { recursive: true });
});

test('nobody listening is told with address and code, and without the secret query', async () => {
  const server = await serve((_req, res) => res.end());
  await server[Symbol.asyncDispose]();

  await assert.rejects(httpRequest({ method: 'GET', url: `${server.url}/x?secret=abc` }), (error: Error) => {
    assert.equal(errorCode(error), 'ECONNREFUSED');
    assert.match(error.message, /^GET http:\/\/127\.0\.0\.1:\d+\/x: connection refused/);
    assert.doesNotMatch(describeError(error), /abc/);
    return true;
  });
});

test('a peer that goes silent ends in ETIMEDOUT, before and in the middle of its answer', async () => {
  await using server = await serve((req, res) => {
    if (req.url === '/half') res.writeHead(200, { 'content-length': '10' }).write('half');
  });

  for (const path of ['/none', '/half'])
    await assert.rejects(httpRequest({ method: 'GET', url: server.url + path, timeoutMs: 60 }), { code: 'ETIMEDOUT' });
});

test('aborting rejects with the reason of the signal', async () => {
  await using server = await serve(() => undefined);
  const abort = new AbortController();
  const waiting = httpRequest({ method: 'GET', url: server.url, signal: abort.signal });
  const reason = new Error('closing');

  abort.abort(reason);

  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(httpRequest({ method: 'GET', url: server.url, signal: abort.signal }), (e) => e === reason);
});

test('an answer past the bound is an error, and does not grow', async () => {
  await using server = await serve((_req, res) => res.end(Buffer.alloc(5000)));

  await assert.rejects(httpRequest({ method: 'GET', url: server.url, responseBytesMax: 4999 }), {
    code: 'ERR_RESPONSE_TOO_LARGE',
  });
});

test('an answer cut in the middle is an error, not a short body', async () => {
  await using server = await serve((_req, res) => {
    res.writeHead(200, { 'content-length': '10' }).write('half', () => res.destroy());
  });

  await assert.rejects(httpRequest({ method: 'GET', url: server.url }), { code: 'ECONNRESET' });
});

test('a refusal that comes before the body was sent is received', async () => {
  await using server = await serve((_req, res) => res.writeHead(413).end('too large'));

  const answer = await httpRequest({ method: 'POST', url: server.url, body: Buffer.alloc(20_000_000) });

  assert.equal(answer.status, 413);
});

test('connections are kept; one that the peer closed while idle costs no request', async () => {
  const sockets: import('node:net').Socket[] = [];
  await using server = await serve((req, res) => {
    if (!sockets.includes(req.socket)) sockets.push(req.socket);
    res.end(String(sockets.length));
  });
  await using connections = openConnections();
  const ask = async () =>
    (await httpRequest({ method: 'POST', url: server.url, body: 'x', connections })).body.toString();

  assert.equal(await ask(), '1');
  assert.equal(await ask(), '1');
  sockets[0]!.resetAndDestroy();
  assert.equal(await ask(), '2');
});
