import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultSecrets } from '../../../src/orchestrator/secrets/vault-secrets.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { VaultServer } from '../../servers/vault-server.ts';
import { until } from '../../support/until.ts';

test('a newer version is told while it runs; sealed or away, the last secrets stay and the log tells why', async () => {
  await using vault = await VaultServer.start();
  vault.put('nervesys', { DATABASE_URL: 'mark-one' });
  const lines: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => lines.push(line), level: 'debug' });
  const told: string[] = [];
  await using secrets = await VaultSecrets.open({
    settings: {
      address: vault.address,
      mount: 'secret',
      path: 'nervesys',
      login: () => ({ type: 'approle', roleId: vault.roleId, secretId: vault.secretId }),
    },
    clock: systemClock,
    logger,
    refreshMs: 500,
  });
  secrets.watch((values) => told.push(values['DATABASE_URL'] ?? ''));

  vault.sealed = true;
  await until('the seal is noticed', () => lines.some((line) => line.includes('NSV_VAULT_SEALED')));
  assert.equal(secrets.values['DATABASE_URL'], 'mark-one');
  vault.put('nervesys', { DATABASE_URL: 'mark-two' });
  vault.sealed = false;
  await until('the newer one is told', () => told.length > 0);

  assert.deepEqual(told, ['mark-two']);
  await until('it is in use', () => secrets.values['DATABASE_URL'] === 'mark-two');
  assert.doesNotMatch(lines.join(''), /mark-|hvs\.|secret-id-/);
});

test('what cannot be read at the start is refused with its reason', async () => {
  await using vault = await VaultServer.start();
  vault.sealed = true;
  const settings = {
    address: vault.address,
    mount: 'secret',
    path: 'nervesys',
    login: () => ({ type: 'token', token: 'x' }) as const,
  };
  const logger = createLogger({ clock: systemClock, write: () => undefined });

  await assert.rejects(VaultSecrets.open({ settings, clock: systemClock, logger }), { code: 'NSV_VAULT_SEALED' });
});
