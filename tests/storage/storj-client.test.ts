/** The S3 client against the S3 server, with the faults that a network and a busy store make. The suite proves the good days. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { describeError, NervesysError } from '../../src/platform/errors.ts';
import { S3Archive, type S3Limits, type S3Settings } from '../../src/storage/storj-client.ts';
import { FaultProxy } from '../servers/fault-proxy.ts';
import { S3Server, type S3ServerOptions } from '../servers/s3-server.ts';
import { collect } from '../suites/archive-conformance.ts';

const KEY = 'logs/AIGARDEN01/2025-12-10/19-40.json.gz';
const BODY = Buffer.from('a sealed batch');

let server: S3Server;
const opened: AsyncDisposable[] = [];

async function start(options?: S3ServerOptions): Promise<void> {
  await server?.[Symbol.asyncDispose]();
  server = await S3Server.start(options);
}

function client(
  limits: Partial<S3Limits> = {},
  settings: Partial<S3Settings> = {},
  clock: Clock = systemClock,
): S3Archive {
  const quick = { backoffBaseMs: 5, backoffMaxMs: 20, connectTimeoutMs: 500, idleTimeoutMs: 500, ...limits };
  const archive = new S3Archive({ ...server.settings, ...settings }, { clock, limits: quick });
  opened.push(archive);
  return archive;
}

beforeEach(() => start());
afterEach(async () => {
  for (const part of opened.splice(0).reverse()) await part[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe('S3 client: what it sends', () => {
  it('signs with rotated keys from the next request on, uploads that it permits too', async () => {
    const archive = client({ attemptsMax: 1 }, { accessKey: 'old-key', secretKey: 'old-secret' });
    await assert.rejects(archive.put(KEY, BODY), { code: 'NSV_ARCHIVE_DENIED' });

    archive.useKeys(server.settings);

    assert.equal(await archive.put(KEY, BODY), 'created');
    const permit = archive.presignPut({ key: KEY, bytes: 1, md5: '0'.repeat(32), expiresInSeconds: 60 });
    assert.match(permit.url, new RegExp(`X-Amz-Credential=${server.accessKey}%2F`));
  });

  it('goes to another bucket from the next request on, though nothing answers where it was', async () => {
    await using former = await S3Server.start();
    const archive = client({ attemptsMax: 1 }, former.settings);
    assert.equal(await archive.put(KEY, BODY), 'created');
    await former[Symbol.asyncDispose]();
    await assert.rejects(archive.put(KEY, BODY), { code: 'NSV_ARCHIVE_UNREACHABLE' });

    assert.equal(archive.usePlace(server.settings), true);
    archive.useKeys(server.settings);

    assert.equal(archive.guardsNames, undefined, 'what the former store can do says nothing of this one');
    assert.equal(await archive.put(KEY, BODY), 'created');
    assert.equal(archive.description, `s3 ${server.settings.endpoint}/${server.settings.bucket}`);
    const permit = archive.presignPut({ key: KEY, bytes: 1, md5: '0'.repeat(32), expiresInSeconds: 60 });
    assert.ok(permit.url.startsWith(server.settings.endpoint));
    assert.equal(archive.usePlace(server.settings), false);
    assert.throws(() => archive.usePlace({ ...server.settings, bucket: '../x' }), { code: 'NSV_SETTING_INVALID' });
    assert.equal((await archive.head(KEY))?.bytes, BODY.length, 'it stays where it is');
  });

  it('a put is one plain conditional request with MD5, length and true hash, and nothing that Storj refuses', async () => {
    await client().put(KEY, BODY);

    const [request, ...more] = server.requests;
    assert.equal(more.length, 0);
    assert.equal(request?.method, 'PUT');
    assert.equal(request?.headers['if-none-match'], '*');
    assert.equal(request?.headers['content-length'], String(BODY.length));
    assert.equal(request?.headers['content-type'], 'application/gzip');
    assert.equal(Buffer.from(String(request?.headers['content-md5']), 'base64').length, 16);
    assert.match(String(request?.headers['x-amz-content-sha256']), /^[0-9a-f]{64}$/);
    const names = Object.keys(request?.headers ?? {});
    assert.deepEqual(
      names.filter((name) => /checksum|encoding|expect/.test(name)),
      [],
    );
  });

  it('requests share a connection', async () => {
    const proxy = await FaultProxy.start(server.port);
    opened.push(proxy);
    const archive = client({}, { endpoint: `http://127.0.0.1:${proxy.port}` });
    let most = 0;
    for (let i = 0; i < 5; i++) {
      await archive.put(`${KEY}${i}`, BODY);
      most = Math.max(most, proxy.connections);
    }

    assert.equal(most, 1);
  });

  it('the secret is in no error, description or inspection', async () => {
    const secretKey = 'very/secret+key=';
    const archive = client({ attemptsMax: 1 }, { secretKey });
    const errors: unknown[] = [await archive.put(KEY, BODY).catch((error: unknown) => error)];
    await server.down();
    errors.push(await archive.put(KEY, BODY).catch((error: unknown) => error));

    for (const shown of [...errors, archive, archive.description]) {
      const text = inspect(shown, { depth: 10 }) + JSON.stringify(shown) + describeError(shown);
      assert.equal(text.includes(secretKey) || /AWS4-HMAC|Signature=/.test(text), false, text);
    }
  });

  it('an endpoint or bucket that is no address is refused at once', () => {
    for (const endpoint of ['', 'gateway.storjshare.io', 'ftp://x', 'http://user:pass@host', 'http://host/path']) {
      assert.throws(() => client({}, { endpoint }), { code: 'NSV_SETTING_INVALID' }, endpoint);
    }
    for (const bucket of ['', 'a/b', '../x', 'a b']) {
      assert.throws(() => client({}, { bucket }), { code: 'NSV_SETTING_INVALID' }, bucket);
    }
  });
});

describe('S3 client: refusals', () => {
  const cases: [name: string, settings: Partial<S3Settings>, code: string, said: RegExp, hint: RegExp][] = [
    ['a wrong secret', { secretKey: 'wrong' }, 'NSV_ARCHIVE_DENIED', /403 SignatureDoesNotMatch/, /STORJ_SECRET_KEY/],
    ['an unknown key', { accessKey: 'wrong' }, 'NSV_ARCHIVE_DENIED', /InvalidAccessKeyId/, /STORJ_ACCESS_KEY/],
    ['a wrong region', { region: 'mars' }, 'NSV_ARCHIVE_REJECTED', /AuthorizationHeaderMalformed/, /STORJ_REGION/],
  ];
  for (const [name, settings, code, said, hint] of cases) {
    it(`${name} is told once, with what to check`, async () => {
      const error = await client({}, settings)
        .put(KEY, BODY)
        .catch((error: unknown) => error);

      assert.ok(error instanceof NervesysError);
      assert.equal(error.code, code);
      assert.equal(error.retryable, false);
      assert.match(error.message, said);
      assert.match(error.hint ?? '', hint);
      assert.equal(server.requests.length, 1);
    });
  }

  it('a bucket that is not there is told by every call that can know', async () => {
    server.dropBucket();
    const archive = client();

    for (const attempt of [archive.put(KEY, BODY), archive.get(KEY), collect(archive.list(''))]) {
      await assert.rejects(attempt, { code: 'NSV_ARCHIVE_NO_BUCKET', retryable: false });
    }
  });

  it('a full quota passes only when somebody makes room, so it is not hammered', async () => {
    server.failNext(1, { type: 'status', status: 403, code: 'QuotaExceeded' });

    await assert.rejects(client().put(KEY, BODY), { code: 'NSV_ARCHIVE_FULL', retryable: true });
    assert.equal(server.requests.length, 1);
  });

  it('another 4xx is told with what the store said', async () => {
    server.failNext(1, { type: 'status', status: 400, code: 'EntityTooLarge' });

    await assert.rejects(client().put(KEY, BODY), { code: 'NSV_ARCHIVE_REJECTED', message: /400 EntityTooLarge/ });
  });
});

describe('S3 client: a busy store', () => {
  for (const status of [429, 500, 502, 503, 504]) {
    it(`${status} is ridden out when it passes soon, and told as busy when it lasts`, async () => {
      server.failNext(3, { type: 'status', status });
      assert.equal(await client().put(KEY, BODY), 'created');

      server.failNext(4, { type: 'status', status });
      await assert.rejects(client().head(KEY), { code: 'NSV_ARCHIVE_BUSY', retryable: true });
      assert.equal(server.requests.length, 8);
    });
  }

  it('a conflict of two conditional writes is tried again', async () => {
    server.failNext(1, { type: 'status', status: 409, code: 'ConditionalRequestConflict' });

    assert.equal(await client().put(KEY, BODY), 'created');
  });

  it('a short Retry-After is waited for, a long one is handed to the caller at once', async () => {
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms, signal) => {
        if (signal !== undefined) return systemClock.sleep(ms, signal); // the connection's timers
        waits.push(ms);
      },
    };
    const archive = client({ backoffMaxMs: 2_000 }, {}, clock);
    server.failNext(1, { type: 'status', status: 503, code: 'SlowDown', retryAfter: '2' });
    await archive.put(KEY, BODY);
    assert.deepEqual(waits, [2_000]);

    server.failNext(1, { type: 'status', status: 429, code: 'SlowDown', retryAfter: '60' });
    const error = await archive.head(KEY).catch((error: unknown) => error);

    assert.equal((error as NervesysError).code, 'NSV_ARCHIVE_BUSY');
    assert.equal((error as NervesysError).facts['retryAfterMs'], 60_000);
    assert.equal(waits.length, 1);
  });
});

describe('S3 client: a bad network', () => {
  it('a put whose answer was lost finds its own object: taken, stored once', async () => {
    server.failNext(1, { type: 'dropAfter' });

    assert.equal(await client().put(KEY, BODY), 'taken');
    assert.deepEqual(server.objects.get(KEY)?.body, BODY);
  });

  it('a connection that breaks before the object was stored is tried again', async () => {
    server.failNext(2, { type: 'dropBefore' });

    assert.equal(await client().put(KEY, BODY), 'created');
  });

  it('a store that is away is told as unreachable, and works again when it is back', async () => {
    const archive = client();
    await archive.put(`${KEY}0`, BODY);
    await server.down();
    await assert.rejects(archive.put(KEY, BODY), { code: 'NSV_ARCHIVE_UNREACHABLE', retryable: true });

    await server.up();

    assert.equal(await archive.put(KEY, BODY), 'created');
  });

  it('a server that takes the request and never answers is given up, and tried again', async () => {
    server.failNext(1, { type: 'hang' });

    assert.equal(await client({ idleTimeoutMs: 100 }).put(KEY, BODY), 'created');
  });

  it('a peer that goes silent in the middle of a large body is given up', async () => {
    const proxy = await FaultProxy.start(server.port);
    opened.push(proxy);
    const archive = client({ idleTimeoutMs: 150, attemptsMax: 1 }, { endpoint: `http://127.0.0.1:${proxy.port}` });
    await archive.put(`${KEY}0`, BODY);
    proxy.stall();

    await assert.rejects(archive.put(KEY, Buffer.alloc(20_000_000)), { code: 'NSV_ARCHIVE_UNREACHABLE' });

    proxy.resume();
    assert.equal(await archive.put(KEY, BODY), 'created');
  });

  it('a peer that never completes the connection is given up', async () => {
    // 203.0.113.0/24 is for documentation: nobody answers there; a lookup that never answers stands for it without a packet.
    const archive = new S3Archive(
      { ...server.settings, endpoint: 'http://s3.test:1' },
      { clock: systemClock, limits: { connectTimeoutMs: 100, attemptsMax: 1 }, lookup: () => undefined },
    );
    opened.push(archive);

    await assert.rejects(archive.head(KEY), {
      code: 'NSV_ARCHIVE_UNREACHABLE',
      message: /no connection within 100 ms/,
    });
  });

  it('an abort in the middle of a request, or of the wait between two, ends the call with its reason', async () => {
    const archive = client({ idleTimeoutMs: 5_000, backoffBaseMs: 5_000, backoffMaxMs: 5_000 });
    const abortedDuring = async (fault: Parameters<S3Server['failNext']>[1]) => {
      const controller = new AbortController();
      server.failNext(1, fault);
      const put = archive.put(KEY, BODY, controller.signal);
      const before = server.requests.length;
      while (server.requests.length === before) await systemClock.sleep(2);
      controller.abort(new Error('closing'));
      await assert.rejects(put, { message: 'closing' });
    };

    await abortedDuring({ type: 'hang' });
    await abortedDuring({ type: 'status', status: 503 });
  });
});

describe('S3 client: clocks', () => {
  for (const hours of [-48, -1, 1, 48]) {
    it(`a clock that is ${hours} h off is corrected by the store's Date, for every kind of call`, async () => {
      const clock = { ...systemClock, now: () => Date.now() + hours * 3_600_000 };

      assert.equal(await client({}, {}, clock).put(KEY, BODY), 'created');
      assert.equal((await client({}, {}, clock).head(KEY))?.bytes, BODY.length);
      assert.equal((await collect(client({}, {}, clock).list(''))).length, 1);
      const archive = client({}, {}, clock);
      await archive.head(KEY);
      const before = server.requests.length;
      await archive.head(KEY);
      assert.equal(server.requests.length, before + 1, 'what was learnt is kept');
    });
  }

  it('a wrong secret on a wrong clock is still told as denied', async () => {
    const clock = { ...systemClock, now: () => Date.now() + 3_600_000 };

    await assert.rejects(client({}, { secretKey: 'wrong' }, clock).put(KEY, BODY), { code: 'NSV_ARCHIVE_DENIED' });
  });
});

describe('S3 client: stores without conditional writes', () => {
  it('a store that refuses the condition is asked first, and the condition is not tried again', async () => {
    await start({ conditionalWrites: 'refused' });
    const archive = client();

    assert.equal(await archive.put(KEY, BODY), 'created');
    assert.equal(await archive.put(KEY, Buffer.from('other')), 'taken');

    assert.deepEqual(server.objects.get(KEY)?.body, BODY);
    assert.deepEqual(
      server.requests.map(({ method, status }) => `${method} ${status}`),
      ['PUT 501', 'HEAD 404', 'PUT 200', 'HEAD 200'],
    );
  });

  it('a lost answer finds its own object there too', async () => {
    await start({ conditionalWrites: 'refused' });
    const archive = client();
    await archive.put(`${KEY}0`, BODY);
    const before = server.requests.length;
    server.failNext(1, { type: 'status', status: 503 }); // of the HEAD
    const put = archive.put(KEY, BODY);
    assert.equal(await put, 'created');
    assert.equal(server.requests.length, before + 3);
  });

  for (const [conditionalWrites, guarded] of [
    ['honoured', true],
    ['refused', false],
    ['ignored', false],
  ] as const) {
    it(`prepare finds out that the condition is ${conditionalWrites}, and presigned URLs follow`, async () => {
      await start({ conditionalWrites });
      const archive = client();

      await Promise.all([archive.prepare(), archive.prepare()]);
      await archive.prepare();

      const permission = archive.presignPut({ key: KEY, md5: '0'.repeat(32), bytes: 1, expiresInSeconds: 60 });
      assert.equal('if-none-match' in permission.headers, guarded);
      assert.ok(server.requests.length <= 2);
      if (conditionalWrites === 'ignored') {
        await archive.put(KEY, BODY);
        assert.equal(await archive.put(KEY, Buffer.from('other')), 'taken', 'never overwritten, now that it is known');
      }
    });
  }

  it('prepare without the permission to write the probe assumes what S3 promises', async () => {
    server.failNext(1, { type: 'status', status: 403, code: 'AccessDenied' });
    const archive = client();

    await archive.prepare();

    const permission = archive.presignPut({ key: KEY, md5: '0'.repeat(32), bytes: 1, expiresInSeconds: 60 });
    assert.equal(permission.headers['if-none-match'], '*');
  });
});
