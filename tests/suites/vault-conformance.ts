import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultClient, type VaultLogin } from '../../src/orchestrator/secrets/vault-client.ts';
import { systemClock } from '../../src/platform/clock.ts';

export interface VaultUnderTest {
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly mount: string;
  /** A token that may write and read below the mount. */
  readonly token: string;
}

/** What we count on in any Vault; the stand-in and a real one are held to the same. */
export function vaultConformance(
  name: string,
  open: () => Promise<VaultUnderTest>,
  skip: string | false = false,
): void {
  const client = (vault: VaultUnderTest, path: string, login?: VaultLogin, mount = vault.mount) =>
    new VaultClient(
      { ...vault, mount, path, login: () => login ?? { type: 'token', token: vault.token } },
      systemClock,
    );
  const write = async (vault: VaultUnderTest, path: string, data: Record<string, string>) => {
    const response = await fetch(`${vault.address}/v1/${vault.mount}/data/${path}`, {
      method: 'POST',
      headers: {
        'x-vault-token': vault.token,
        ...(vault.namespace === undefined ? {} : { 'x-vault-namespace': vault.namespace }),
      },
      body: JSON.stringify({ data }),
    });
    assert.equal(response.status, 200, await response.text());
  };
  const path = `nervesys-conformance/${process.pid}-${Date.now()}`;

  test(`${name}: a secret is read as it was written, and its next version is seen`, { skip }, async () => {
    const vault = await open();
    await write(vault, path, { STORJ_ACCESS_KEY: 'first' });
    const reader = client(vault, path);

    const first = await reader.read();
    await write(vault, path, { STORJ_ACCESS_KEY: 'second' });
    const second = await reader.read();

    assert.deepEqual(first.values, { STORJ_ACCESS_KEY: 'first' });
    assert.deepEqual(second.values, { STORJ_ACCESS_KEY: 'second' });
    assert.equal(second.version, first.version + 1);
  });

  test(`${name}: absence, a wrong mount and a wrong sign-in are each told as what they are`, { skip }, async () => {
    const vault = await open();
    const wrong = 'hvs.wrong-token';

    await assert.rejects(client(vault, `${path}-none`).read(), { code: 'NSV_VAULT_NOT_FOUND' });
    await assert.rejects(client(vault, path, undefined, 'no-such-mount').read(), { code: 'NSV_VAULT_INVALID' });
    await assert.rejects(
      client(vault, path, { type: 'token', token: wrong }).read(),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'NSV_VAULT_DENIED');
        return !error.message.includes(wrong);
      },
    );
    await assert.rejects(
      client(vault, path, { type: 'approle', roleId: 'no-role', secretId: 'no-secret' }).read(),
      (error: Error & { code?: string }) => {
        assert.ok(error.code === 'NSV_VAULT_DENIED' || error.code === 'NSV_VAULT_INVALID', error.code); // no AppRole may be mounted
        return !/no-secret/.test(error.message);
      },
    );
  });
}
