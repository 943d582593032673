import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { VaultClient, type VaultLogin, type VaultSettings } from '../../../src/orchestrator/secrets/vault-client.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { VaultServer } from '../../servers/vault-server.ts';
import { vaultConformance } from '../../suites/vault-conformance.ts';
import { FakeClock } from '../../support/fake-clock.ts';

type Coded = Error & { code?: string; hint?: string; retryable?: boolean };

async function start(t: TestContext, options: { namespace?: string } = {}): Promise<VaultServer> {
  const vault = await VaultServer.start(options);
  t.after(() => vault.close());
  vault.put('nervesys', { STORJ_ACCESS_KEY: 'ak', DATABASE_URL: 'postgres://u:p@db/n' });
  return vault;
}

function settings(
  vault: VaultServer,
  login: VaultLogin | (() => VaultLogin),
  more: Partial<VaultSettings> = {},
): VaultSettings {
  return {
    address: vault.address,
    mount: 'secret',
    path: 'nervesys',
    login: typeof login === 'function' ? login : () => login,
    ...more,
  };
}

const appRole = (vault: VaultServer): VaultLogin => ({
  type: 'approle',
  roleId: vault.roleId,
  secretId: vault.secretId,
});

vaultConformance('the stand-in', async () => {
  const vault = await VaultServer.start();
  servers.push(vault);
  return { address: vault.address, mount: 'secret', token: vault.issueToken() };
});
const servers: VaultServer[] = [];
test.after(() => Promise.all(servers.map((vault) => vault.close())));

const real = process.env['VAULT_TEST_ADDR'];
vaultConformance(
  'the Vault of VAULT_TEST_ADDR',
  async () => ({
    address: real as string,
    namespace: process.env['VAULT_TEST_NAMESPACE'],
    mount: process.env['VAULT_TEST_MOUNT'] ?? 'secret',
    token: process.env['VAULT_TEST_TOKEN'] ?? '',
  }),
  real === undefined ? 'VAULT_TEST_ADDR (with VAULT_TEST_TOKEN) names no Vault to test against' : false,
);

test('a token and an AppRole each open the secret, in a namespace too', async (t) => {
  const vault = await start(t, { namespace: 'teams/gardens' });
  const namespace = 'teams/gardens';
  const byToken = new VaultClient(
    settings(vault, { type: 'token', token: vault.issueToken() }, { namespace }),
    systemClock,
  );
  const byRole = new VaultClient(settings(vault, appRole(vault), { namespace }), systemClock);
  const astray = new VaultClient(settings(vault, { type: 'token', token: vault.issueToken() }), systemClock);

  assert.equal((await byToken.read()).values['STORJ_ACCESS_KEY'], 'ak');
  assert.equal((await byRole.read()).values['DATABASE_URL'], 'postgres://u:p@db/n');
  await assert.rejects(astray.read(), { code: 'NSV_VAULT_DENIED' });
});

test('every refusal is told by a code of its own, with a remedy and without a credential', async (t) => {
  const vault = await start(t);
  const token = vault.issueToken();
  const poor = vault.issueToken({ may: ['secret/data/other'] });
  const open = (more: Partial<VaultSettings> = {}, login: VaultLogin = { type: 'token', token }) =>
    new VaultClient(settings(vault, login, more), systemClock);
  const expect = async (client: VaultClient, code: string, remedy: RegExp, said: RegExp) =>
    assert.rejects(client.read(), (error: Coded) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.hint ?? '', remedy);
      assert.match(error.message, said);
      assert.doesNotMatch(
        `${error.message} ${error.hint}`,
        new RegExp([token, poor, vault.secretId, 'hvs\\.old'].join('|')),
      );
      return true;
    });

  await expect(open({}, { type: 'token', token: poor }), 'NSV_VAULT_DENIED', /policy/, /permission denied/);
  await expect(open({}, { type: 'token', token: 'hvs.old' }), 'NSV_VAULT_DENIED', /VAULT_TOKEN/, /403/);
  await expect(
    open({}, { ...appRole(vault), secretId: 'wrong' } as VaultLogin),
    'NSV_VAULT_DENIED',
    /VAULT_SECRET_ID/,
    /invalid role or secret/,
  );
  await expect(open({ path: 'none' }), 'NSV_VAULT_NOT_FOUND', /vault kv put/, /there is nothing/);
  await expect(open({ mount: 'nowhere' }), 'NSV_VAULT_INVALID', /VAULT_MOUNT/, /no engine is mounted/);
  await expect(open({ mount: 'old' }), 'NSV_VAULT_INVALID', /enable-versioning/, /not a KV engine of version 2/);
  vault.put('gone', { a: 'b' });
  vault.deleteLatest('gone');
  await expect(open({ path: 'gone' }), 'NSV_VAULT_NOT_FOUND', /undelete/, /deleted/);
  vault.sealed = true;
  await expect(open(), 'NSV_VAULT_SEALED', /unseal/, /Vault is sealed/);
  vault.initialized = false;
  await expect(open(), 'NSV_VAULT_SEALED', /unseal/, /not initialized/);
  await expect(open({ address: 'http://127.0.0.1:9' }), 'NSV_VAULT_UNREACHABLE', /VAULT_ADDR/, /connection refused/);
});

test('a lease is renewed at its half, and not before', async (t) => {
  const vault = await start(t);
  const clock = new FakeClock();
  const client = new VaultClient(
    settings(vault, { type: 'token', token: vault.issueToken({ leaseSeconds: 1_000 }) }),
    clock,
  );
  const renewals = () => vault.asked.filter((one) => one === 'POST auth/token/renew-self').length;
  const pass = async (seconds: number) => {
    vault.skewMs += seconds * 1_000;
    await clock.advance(seconds * 1_000);
  };

  await client.read();
  await pass(490);
  await client.read();
  const before = renewals();
  await pass(20);
  await client.read();
  await pass(900); // past the first lease, within the renewed one
  await client.read();

  assert.equal(before, 0);
  assert.equal(renewals(), 2);
});

test('an AppRole signs in again when its token expired, was revoked, or can be renewed no longer', async (t) => {
  const vault = await start(t);
  vault.leaseSeconds = 1_000;
  const clock = new FakeClock();
  const client = new VaultClient(settings(vault, appRole(vault)), clock);
  const logins = () => vault.asked.filter((one) => one === 'POST auth/approle/login').length;
  await client.read();

  vault.skewMs += 5_000_000; // the machine slept: the lease is over, and our clock did not see it
  await client.read();
  const afterExpiry = logins();
  vault.skewMs += 5_000_000;
  await clock.advance(5_000_000); // now it saw it: the renewal is refused
  await client.read();

  assert.equal(afterExpiry, 2);
  assert.equal(logins(), 3);
});

test('a token that was replaced in its file is taken up when the old one is refused', async (t) => {
  const vault = await start(t);
  const [old, fresh] = [vault.issueToken(), vault.issueToken()];
  let inFile = old;
  const client = new VaultClient(
    settings(vault, () => ({ type: 'token', token: inFile })),
    systemClock,
  );
  await client.read();

  vault.revokeToken(old);
  await assert.rejects(client.read(), { code: 'NSV_VAULT_DENIED' });
  inFile = fresh;

  assert.equal((await client.read()).version, 1);
});

test('what stands in front of Vault and quotes what it was sent gets no credential into an error', async (t) => {
  const secrets = ['hvs.quoted-token', 'quoted-role', 'quoted-secret'];
  const server = createServer(async (request, response) => {
    let sent = JSON.stringify(request.headers);
    for await (const chunk of request) sent += chunk;
    response
      .writeHead(request.url?.endsWith('lookup-self') ? 403 : 400)
      .end(JSON.stringify({ errors: [`no: ${sent.slice(-150)}`] }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const logins: VaultLogin[] = [
    { type: 'token', token: 'hvs.quoted-token' },
    { type: 'approle', roleId: 'quoted-role', secretId: 'quoted-secret' },
  ];

  for (const login of logins) {
    const client = new VaultClient({ address, mount: 'secret', path: 'nervesys', login: () => login }, systemClock);
    await assert.rejects(client.read(), (error: Coded) => {
      assert.match(error.message, /no: /);
      return secrets.every((secret) => !error.message.includes(secret));
    });
  }
});
