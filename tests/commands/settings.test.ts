import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  readChannelSecret,
  readGoogleCredentials,
  readSetting,
  readSettings,
  readSettingsWith,
  readShelfSecret,
  readVaultPlace,
  resolveHome,
  serverNameOfHost,
} from '../../src/commands/settings.ts';
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

test('Vault is named by its address and exactly one way to sign in, and no complaint holds a secret', () => {
  const env = { VAULT_ADDR: 'https://vault.example.com:8200/', VAULT_TOKEN: 'hvs.mark' };
  const refused = (more: Record<string, string>) =>
    assert.throws(
      () => readVaultPlace({ ...env, ...more }),
      (error: Error & { code?: string }) => error.code === 'NSV_SETTING_INVALID' && !/mark/.test(error.message),
    );

  assert.equal(readVaultPlace({ VAULT_TOKEN: 'hvs.mark' }), undefined, 'a token alone is for other programs');
  const place = readVaultPlace(env);
  assert.deepEqual(
    [place?.address, place?.mount, place?.path, place?.login().type],
    ['https://vault.example.com:8200', 'secret', 'nervesys', 'token'],
  );
  refused({ VAULT_ROLE_ID: 'mark-role', VAULT_SECRET_ID: 'mark-id' });
  refused({ VAULT_TOKEN: '', VAULT_ROLE_ID: 'mark-role' });
  refused({ VAULT_TOKEN: '' });
  refused({ VAULT_ADDR: 'https://user:mark@vault.example.com' });
  refused({ VAULT_PATH: '../mark' });
});

test('what the environment says wins over what Vault holds, and only settings that Vault may hold are taken', () => {
  const secrets = {
    STORJ_ACCESS_KEY: 'va',
    STORJ_SECRET_KEY: 'vs',
    DATABASE_URL: 'postgres://v@h/d',
    NERVESYS_HOME: '/evil',
  };

  const settings = readSettingsWith(secrets, {}, { STORJ_SECRET_KEY: 'es', NERVESYS_HOME: '/own' });

  assert.deepEqual([settings.storj?.accessKey, settings.storj?.secretKey], ['va', 'es']);
  assert.equal(settings.databaseUrl, 'postgres://v@h/d');
  assert.equal(settings.home, '/own');
});

test('a channel’s secret comes from the environment, a file or Vault, in that order', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-secret-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'secret');
  await writeFile(file, 'of a file\n');
  const held = { NERVESYS_CHANNEL_ON_CALL_SECRET: 'of Vault' };

  assert.equal(
    readChannelSecret('on-call', held, { NERVESYS_CHANNEL_ON_CALL_SECRET: 'of the environment' }),
    'of the environment',
  );
  assert.equal(readChannelSecret('on-call', held, { NERVESYS_CHANNEL_ON_CALL_SECRET_FILE: file }), 'of a file');
  assert.equal(readChannelSecret('on-call', held, {}), 'of Vault');
  assert.equal(readChannelSecret('other', held, {}), undefined);
  assert.throws(
    () => readChannelSecret('on-call', held, { NERVESYS_CHANNEL_ON_CALL_SECRET_FILE: join(folder, 'none') }),
    {
      code: 'NSV_SETTING_INVALID',
    },
  );
});

test('a shelf’s secret comes from the environment, a file or Vault, and Google’s credential from its file or Vault', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-secret-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'google.json');
  await writeFile(file, '{"type":"of a file"}');
  const held = { NERVESYS_SHELF_BOARD_MAIL_SECRET: 'of Vault', GOOGLE_APPLICATION_CREDENTIALS: '{"type":"of Vault"}' };

  assert.equal(readShelfSecret('board-mail', held, { NERVESYS_SHELF_BOARD_MAIL_SECRET: 'own' }), 'own');
  assert.equal(readShelfSecret('board-mail', held, {}), 'of Vault');
  assert.equal(readShelfSecret('other', held, {}), undefined);
  assert.equal(readGoogleCredentials(held, { GOOGLE_APPLICATION_CREDENTIALS: file }), '{"type":"of a file"}');
  assert.equal(readGoogleCredentials(held, {}), '{"type":"of Vault"}');
  assert.equal(readGoogleCredentials({}, {}), undefined);
  for (const wrong of [join(folder, 'none.json'), '{"private_key":"s3cr3t"}'])
    assert.throws(
      () => readGoogleCredentials({}, { GOOGLE_APPLICATION_CREDENTIALS: wrong }),
      (error: Error & { code?: string }) => error.code === 'NSV_SETTING_INVALID' && !error.message.includes('s3cr3t'),
    );
});

test('GDRIVE_FOLDER_ID is an id, in the environment or in Vault', () => {
  const id = '1AbC_dEf-GhIjKlMnOp';
  assert.equal(readSettings({ home: '/x' }, { GDRIVE_FOLDER_ID: id }).driveFolderId, id);
  assert.equal(readSettingsWith({ GDRIVE_FOLDER_ID: id }, { home: '/x' }, {}).driveFolderId, id);
  assert.throws(
    () => readSettings({ home: '/x' }, { GDRIVE_FOLDER_ID: `https://drive.google.com/drive/folders/${id}` }),
    { code: 'NSV_SETTING_INVALID' },
  );
});

test('the address of the dead man is a whole one', () => {
  assert.equal(
    readSettings({ home: '/x' }, { NERVESYS_DEAD_MAN_URL: 'https://hc.example/ping/1' }).deadManUrl,
    'https://hc.example/ping/1',
  );
  assert.throws(
    () => readSettings({ home: '/x' }, { NERVESYS_DEAD_MAN_URL: 'hc.example/secret' }),
    (error: Error) => !error.message.includes('s3cr3t'),
  );
});
