/** The S3 server for tests is only worth something if it refuses what the true ones refuse. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sha256Hex } from '../../src/platform/digest.ts';
import { amzDate, presignQuery, signRequest } from '../../src/storage/sigv4.ts';
import { S3Server } from './s3-server.ts';

let now = Date.parse('2025-12-10T19:45:00Z');
let server: S3Server;
before(async () => {
  server = await S3Server.start({ now: () => now, oneWritePerSecond: true, conditionalWrites: 'honoured' });
});
after(() => server[Symbol.asyncDispose]());

describe('S3 test server', () => {
  const path = () => `/${server.bucket}/key`;

  async function put(
    extra: Record<string, string> = {},
    overrides: { body?: string; signedAt?: number; hash?: string } = {},
  ) {
    const body = overrides.body ?? 'body';
    const at = overrides.signedAt ?? now;
    const payloadHash = overrides.hash ?? sha256Hex(body);
    const headers = { 'x-amz-content-sha256': payloadHash, 'x-amz-date': amzDate(at), ...extra };
    const host = new URL(server.endpoint).host;
    const request = { method: 'PUT', path: path(), headers: { ...headers, host }, payloadHash };
    const authorization = signRequest(request, server, at);
    const answer = await fetch(server.endpoint + path(), {
      method: 'PUT',
      headers: { ...headers, authorization },
      body,
    });
    return `${answer.status} ${/<Code>(\w+)/.exec(await answer.text())?.[1] ?? ''}`.trim();
  }

  it('takes a good request, and refuses another within the second under the same name', async () => {
    assert.equal(await put(), '200');
    assert.equal(await put(), '503 SlowDown');
    now += 1_000;
    assert.equal(await put(), '200');
  });

  it('refuses what does not match, is too old, or is not supported by Storj', async () => {
    now += 1_000;
    const md5 = createHash('md5').update('other').digest('base64');
    assert.equal(await put({}, { hash: sha256Hex('other') }), '400 XAmzContentSHA256Mismatch');
    assert.equal(await put({ 'content-md5': md5 }), '400 BadDigest');
    assert.equal(await put({}, { signedAt: now - 901_000 }), '403 RequestTimeTooSkewed');
    assert.equal(await put({}, { signedAt: now + 901_000 }), '403 RequestTimeTooSkewed');
    assert.equal(await put({ 'x-amz-checksum-crc32': 'AAAAAA==' }), '400 InvalidArgument');
    assert.equal(await put({ 'content-encoding': 'aws-chunked' }), '400 InvalidArgument');
    assert.equal(await put({}, { hash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }), '400 InvalidArgument');
    assert.equal(await put({ 'if-none-match': '*' }), '412 PreconditionFailed');
    assert.equal(await put({ 'if-none-match': '"abc"' }), '501 NotImplemented');
  });

  it('refuses requests without a signature, and with an unsigned x-amz header', async () => {
    assert.equal((await fetch(server.endpoint + path())).status, 403);
    const headers = {
      'x-amz-content-sha256': sha256Hex(''),
      'x-amz-date': amzDate(now),
      host: new URL(server.endpoint).host,
    };
    const authorization = signRequest(
      { method: 'GET', path: path(), headers, payloadHash: sha256Hex('') },
      server,
      now,
    );
    const answer = await fetch(server.endpoint + path(), {
      headers: { ...headers, authorization, 'x-amz-meta-x': '1' },
    });
    assert.equal(answer.status, 403);
  });

  it('takes a presigned PUT until it expires, with the signed headers only', async () => {
    now += 1_000;
    const host = new URL(server.endpoint).host;
    const headers = { 'content-length': '4' };
    const query = presignQuery({ method: 'PUT', path: path(), headers: { ...headers, host } }, server, now, 60);
    const send = async (body: string) =>
      (await fetch(`${server.endpoint}${path()}?${query}`, { method: 'PUT', body })).status;

    assert.equal(await send('body'), 200);
    assert.equal(await send('longer body'), 403);
    now += 61_000;
    assert.equal(await send('body'), 403);
  });
});
