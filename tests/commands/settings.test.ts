import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSetting, readSettings, resolveHome, serverNameOfHost } from '../../src/commands/settings.ts';
import { SERVER_NAME_PATTERN } from '../../src/contract/ids.ts';

test('a secret may come from a file, without the line break at its end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-settings-'));
  try {
    await writeFile(join(folder, 'token'), 'nsv1.secret\n');

    assert.equal(readSetting('NERVESYS_TOKEN', { NERVESYS_TOKEN_FILE: join(folder, 'token') }), 'nsv1.secret');
    assert.throws(
      () => readSetting('NERVESYS_TOKEN', { NERVESYS_TOKEN: 'nsv1.other', NERVESYS_TOKEN_FILE: join(folder, 'token') }),
      (error: Error) => error.message === 'NERVESYS_TOKEN and NERVESYS_TOKEN_FILE are both set',
    );
    assert.throws(
      () => readSetting('DATABASE_URL', { DATABASE_URL_FILE: join(folder, 'none') }),
      /cannot read .*ENOENT/,
    );
    assert.equal(readSetting('STORJ_BUCKET', { STORJ_BUCKET_FILE: join(folder, 'token') }), undefined, 'not a secret');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('half of a pair of keys is refused, and no message holds a secret', () => {
  assert.throws(
    () => readSettings({}, { STORJ_SECRET_KEY: 'top-secret' }),
    (error: Error) => /STORJ_ACCESS_KEY is not/.test(error.message) && !error.message.includes('top-secret'),
  );
  const settings = readSettings({}, { STORJ_ACCESS_KEY: 'a', STORJ_SECRET_KEY: 'b', STORJ_BUCKET: '' });
  assert.deepEqual(settings.storj, {
    accessKey: 'a',
    secretKey: 'b',
    bucket: undefined,
    endpoint: undefined,
    region: undefined,
  });
});

test('the home is the option, else the variable, else the user’s own', () => {
  assert.equal(resolveHome('/a', { NERVESYS_HOME: '/b' }), '/a');
  assert.equal(resolveHome(undefined, { NERVESYS_HOME: '/b' }), '/b');
  assert.match(resolveHome(undefined, {}), /^\/var\/lib\/nervesys$|\.local\/share\/nervesys$/);
});

test('every host name becomes a server name, and a server name that is given is taken as it is or refused', () => {
  for (const host of ['aigarden01', 'web..x', '-a-', 'my host!', 'ש', '', 'x'.repeat(200), `${'a'.repeat(99)}-b`]) {
    assert.match(serverNameOfHost(host), SERVER_NAME_PATTERN, host);
  }
  assert.equal(serverNameOfHost('AIGARDEN01.example.net'), 'AIGARDEN01.example.net');
  assert.equal(readSettings({}, { NERVESYS_SERVER: 'AIGARDEN02' }).server, 'AIGARDEN02');
  assert.throws(() => readSettings({}, { NERVESYS_SERVER: 'a/b' }), /NERVESYS_SERVER is "a\/b"/);
});
