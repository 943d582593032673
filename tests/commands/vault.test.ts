import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettingsWith } from '../../src/commands/settings.ts';
import { followRotation } from '../../src/commands/vault.ts';
import { type Database, VaultSecrets } from '../../src/orchestrator/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { S3Archive } from '../../src/storage/index.ts';
import { S3Server } from '../servers/s3-server.ts';
import { VaultServer } from '../servers/vault-server.ts';
import { until } from '../support/until.ts';

test('keys and passwords that are rotated in Vault are used without a restart, another place only after one', async () => {
  await using s3 = await S3Server.start();
  await using vault = await VaultServer.start();
  const archiveKeys = { STORJ_ACCESS_KEY: s3.accessKey, STORJ_SECRET_KEY: 'the-old-one' };
  vault.put('nervesys', { ...archiveKeys, DATABASE_URL: 'postgres://n:old@db/n' });
  const lines: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => lines.push(line) });
  const token = vault.issueToken();
  await using secrets = await VaultSecrets.open({
    settings: { address: vault.address, mount: 'secret', path: 'nervesys', login: () => ({ type: 'token', token }) },
    clock: systemClock,
    logger,
    refreshMs: 500,
  });
  const settings = readSettingsWith(secrets.values, { home: '/h' }, {});
  await using archive = new S3Archive({ ...s3.settings, secretKey: 'the-old-one' }, { clock: systemClock });
  const addresses: string[] = [];
  const database = { useAddress: (address: string) => addresses.push(address) } as unknown as Database;
  await assert.rejects(archive.head('logs/x'), { code: 'NSV_ARCHIVE_DENIED' });
  followRotation(secrets, settings, { archive, database, logger });

  vault.put('nervesys', {
    STORJ_ACCESS_KEY: s3.accessKey,
    STORJ_SECRET_KEY: s3.secretKey,
    DATABASE_URL: 'postgres://n:new@db/n',
  });
  await until('the new password is used', () => addresses.length > 0);
  assert.equal(await archive.head('logs/x'), undefined);
  assert.deepEqual(addresses, ['postgres://n:new@db/n']);
  vault.put('nervesys', {
    STORJ_ACCESS_KEY: s3.accessKey,
    STORJ_SECRET_KEY: s3.secretKey,
    DATABASE_URL: 'postgres://n:new@elsewhere/n',
  });
  await until('the log tells', () => lines.some((line) => line.includes('restart to move')));

  assert.equal(addresses.length, 1, 'a pool over two databases');
  assert.doesNotMatch(lines.join(''), /the-old-one|:new@|:old@/);
});
