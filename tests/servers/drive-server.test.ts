/** The stand-in refuses what Google's documentation says that Google refuses: else what passes against it would prove little. */
import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { SCOPES } from './drive/oauth.ts';
import { DriveServer } from './drive-server.ts';

const FOLDER = 'application/vnd.google-apps.folder';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

async function signedIn(t: TestContext) {
  const server = await DriveServer.start();
  t.after(() => server[Symbol.asyncDispose]());
  const { email } = server.oauth.serviceAccount;
  const driveId = server.store.makeDrive('Team', { [email]: 'writer' });
  const { access_token: token } = server.oauth.grant(
    new URLSearchParams({ grant_type: BEARER, assertion: assertion(server) }),
  ) as { access_token: string };
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; reason: string | undefined; data: Record<string, unknown>; headers: Headers }> => {
    const raw = body instanceof Uint8Array || typeof body === 'string';
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const data = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const error = data['error'] as { errors?: { reason: string }[] } | string | undefined;
    const reason = typeof error === 'string' ? error : error?.errors?.[0]?.reason;
    return { status: response.status, reason, data, headers: response.headers };
  };
  const refuses = async (asked: ReturnType<typeof ask>, status: number, reason: string) => {
    const answer = await asked;
    assert.deepEqual([answer.status, answer.reason], [status, reason]);
  };
  const newId = () => server.store.generateIds(1)[0]!;
  return { server, driveId, ask, refuses, newId };
}

test('a token is given for a signature that is right, to whom it is for, for an hour at most', async (t) => {
  const { server, refuses, ask } = await signedIn(t);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const grant = (claims: Record<string, unknown>, damage = false) => {
    const text = assertion(server, claims);
    const given = damage ? `${text.slice(0, -8)}AAAAAAAA` : text;
    return ask('POST', '/token', new URLSearchParams({ grant_type: BEARER, assertion: given }).toString(), form);
  };
  const now = Math.floor(Date.now() / 1000);

  assert.equal((await grant({})).status, 200);
  await refuses(grant({}, true), 400, 'invalid_grant');
  await refuses(grant({ aud: 'https://evil.example/token' }), 400, 'invalid_grant');
  await refuses(grant({ iss: 'other@example.com' }), 400, 'invalid_grant');
  await refuses(grant({ exp: now + 7200 }), 400, 'invalid_grant');
  await refuses(grant({ iat: now - 7200, exp: now - 3600 }), 400, 'invalid_grant');
  await refuses(grant({ scope: 'https://www.googleapis.com/auth/everything' }), 400, 'invalid_scope');
  await refuses(grant({ sub: 'dana@example.com' }), 401, 'unauthorized_client');
  await refuses(ask('POST', '/token', { grant_type: BEARER }), 400, 'invalid_request');
  await refuses(ask('GET', '/drive/v3/files/x', undefined, { authorization: 'Bearer ya29.none' }), 401, 'authError');
});

test('ids must have been given out, and are taken once for ever', async (t) => {
  const { server, driveId, ask, refuses, newId } = await signedIn(t);
  const make = (id: string) =>
    ask('POST', '/drive/v3/files?supportsAllDrives=true', { id, name: 'a', mimeType: FOLDER, parents: [driveId] });
  const id = newId();

  await refuses(make('1ofMyOwnMaking'), 400, 'invalid');
  assert.equal((await make(id)).status, 200);
  await refuses(make(id), 409, 'fileIdInUse');
  server.store.deleteForGood(id);
  await refuses(make(id), 409, 'fileIdInUse');
});

test('names may be there twice', async (t) => {
  const { server, driveId, ask } = await signedIn(t);
  for (let i = 0; i < 2; i++)
    await ask('POST', '/drive/v3/files?supportsAllDrives=true', { name: 'a', mimeType: FOLDER, parents: [driveId] });

  assert.deepEqual(server.store.tree(driveId), ['a/', 'a/']);
});

test('Shared Drives are hidden from who doesn’t say that he knows them', async (t) => {
  const { driveId, ask, refuses } = await signedIn(t);
  const q = encodeURIComponent(`'${driveId}' in parents`);

  await refuses(ask('GET', `/drive/v3/files/${driveId}`), 404, 'notFound');
  await refuses(ask('POST', '/drive/v3/files', { name: 'a', parents: [driveId] }), 404, 'notFound');
  await ask('POST', '/drive/v3/files?supportsAllDrives=true', { name: 'a', mimeType: FOLDER, parents: [driveId] });
  const seen = async (query: string) =>
    (await ask('GET', `/drive/v3/files?q=${q}&fields=files(id)&${query}`)).data['files'];
  assert.deepEqual(await seen('supportsAllDrives=true'), []);
  const whole = `supportsAllDrives=true&includeItemsFromAllDrives=true&corpora=drive&driveId=${driveId}`;
  assert.equal(((await seen(whole)) as unknown[]).length, 1);
  for (const wrong of [
    'includeItemsFromAllDrives=true',
    `supportsAllDrives=true&includeItemsFromAllDrives=true&driveId=${driveId}`,
    'supportsAllDrives=true&includeItemsFromAllDrives=true&corpora=drive',
    `supportsAllDrives=true&corpora=drive&driveId=${driveId}`,
  ])
    await refuses(ask('GET', `/drive/v3/files?q=${q}&${wrong}`), 400, 'invalid');
  await refuses(ask('GET', `/drive/v3/files?q=${encodeURIComponent('name is a')}`), 400, 'invalid');
});

test('fields that there are none of, properties over 124 bytes, and what may not be written are refused', async (t) => {
  const { driveId, ask, refuses, newId } = await signedIn(t);
  const make = (body: object) => ask('POST', '/drive/v3/files?supportsAllDrives=true', { parents: [driveId], ...body });
  const { data } = await make({ id: newId(), name: 'a' });

  await refuses(ask('GET', `/drive/v3/files/${driveId}?supportsAllDrives=true&fields=md5`), 400, 'invalidParameter');
  await refuses(make({ appProperties: { key: 'x'.repeat(122) } }), 403, 'propertyTooLarge');
  await refuses(make({ md5Checksum: 'x' }), 403, 'fieldNotWritable');
  const change = (body: object) => ask('PATCH', `/drive/v3/files/${data['id']}?supportsAllDrives=true`, body);
  await refuses(change({ parents: [driveId] }), 403, 'fieldNotWritable');
  await refuses(ask('GET', '/drive/v3/about'), 400, 'required');
  assert.deepEqual(Object.keys((await change({ name: 'b' })).data), ['kind', 'id', 'name', 'mimeType']);
});

test('drive.file shows what the app made and nothing else', async (t) => {
  const { server, refuses, ask } = await signedIn(t);
  const user = server.oauth.addUser('dana@example.com', [SCOPES.file]);
  const { access_token: token } = server.oauth.grant(
    new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: user.refreshToken,
      client_id: server.oauth.client.id,
      client_secret: server.oauth.client.secret,
    }),
  );
  const theirs = server.store.makeByHand('Mine', server.store.rootOf(user.email));

  await refuses(
    ask('GET', `/drive/v3/files/${theirs}`, undefined, { authorization: `Bearer ${token}` }),
    404,
    'notFound',
  );
});

test('a session wants chunks of 256 KiB, in order, of the length that was said', async (t) => {
  const { server, driveId, ask, refuses, newId } = await signedIn(t);
  const begun = await ask(
    'POST',
    '/upload/drive/v3/files?uploadType=resumable&supportsAllDrives=true',
    { id: newId(), name: 'a.pdf', parents: [driveId] },
    { 'x-upload-content-length': '300000', 'x-upload-content-type': 'application/pdf' },
  );
  const path = begun.headers.get('location')!.slice(server.url.length);
  const bytes = Buffer.alloc(300_000, 'a');
  const send = (from: number, to: number, total = 300_000) =>
    ask('PUT', path, bytes.subarray(from, to), { 'content-range': `bytes ${from}-${to - 1}/${total}` });
  const question = () => ask('PUT', path, '', { 'content-range': 'bytes */300000' });

  assert.equal((await question()).headers.get('range'), null);
  await refuses(send(0, 100_000), 400, 'badRequest');
  await refuses(send(0, 262_144, 400_000), 400, 'badRequest');
  await refuses(send(262_144, 300_000), 400, 'badRequest');
  const kept = await send(0, 262_144);
  assert.deepEqual([kept.status, kept.headers.get('range')], [308, 'bytes=0-262143']);
  assert.deepEqual([(await question()).status, (await send(262_144, 300_000)).status], [308, 200]);
  assert.equal((await question()).status, 200);
  assert.ok(server.store.find(driveId, 'a.pdf')?.content?.equals(bytes));
  await refuses(ask('PUT', `${path}0`, '', { 'content-range': 'bytes */300000' }), 404, 'notFound');
});

test('multipart bodies that are not to the letter are refused', async (t) => {
  const { driveId, ask, refuses } = await signedIn(t);
  const send = (body: string, type = 'multipart/related; boundary=b') =>
    ask('POST', '/upload/drive/v3/files?uploadType=multipart&supportsAllDrives=true', body, { 'content-type': type });
  const metadata = `--b\r\ncontent-type: application/json\r\n\r\n{"name":"a","parents":["${driveId}"]}`;
  const media = '\r\n--b\r\ncontent-type: text/plain\r\n\r\nhello';

  assert.equal((await send(`${metadata}${media}\r\n--b--`)).status, 200);
  await refuses(send(`${metadata}${media}`), 400, 'badContent');
  await refuses(send(`${metadata}\r\n--b--`), 400, 'badContent');
  await refuses(send(`${metadata}${media}\r\n--b--`, 'multipart/form-data; boundary=b'), 400, 'badContent');
  await refuses(send(`${metadata}${media}\r\n--b--`.replaceAll('\r\n', '\n')), 400, 'badContent');
});

function assertion(server: DriveServer, changes: Record<string, unknown> = {}): string {
  const { private_key: key, client_email: iss } = server.oauth.serviceAccountFile();
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss,
    aud: 'https://oauth2.googleapis.com/token',
    scope: SCOPES.drive,
    iat,
    exp: iat + 3600,
    ...changes,
  };
  const head = [{ alg: 'RS256', typ: 'JWT' }, claims].map((one) =>
    Buffer.from(JSON.stringify(one)).toString('base64url'),
  );
  return [...head, sign('sha256', Buffer.from(head.join('.')), createPrivateKey(key!)).toString('base64url')].join('.');
}
