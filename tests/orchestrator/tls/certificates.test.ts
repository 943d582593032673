import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { getCACertificates } from 'node:tls';
import { findPinnedCertificate } from '../../../src/agent/bootstrap/pinned-certificate.ts';
import { OrchestratorClient } from '../../../src/agent/orchestrator-client.ts';
import { CertificateKeeper } from '../../../src/orchestrator/tls/certificate-keeper.ts';
import { GivenCertificate, isPublic } from '../../../src/orchestrator/tls/given-certificate.ts';
import { createAuthority, issueServerCertificate } from '../../../src/orchestrator/tls/issue-certificate.ts';
import { certificateNames, OwnAuthority } from '../../../src/orchestrator/tls/own-authority.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { pemSha256, readShownCertificates } from '../../../src/platform/peer-certificate.ts';
import { tempDir } from '../../support/temp-dir.ts';

const DAY_MS = 24 * 3_600_000;
const NAMES = ['127.0.0.1', 'localhost', 'nervesys.example.com', '::1'];

async function ownAuthority(t: TestContext, names = NAMES) {
  const folder = await tempDir(t);
  const open = (more: readonly string[] = []) =>
    new OwnAuthority({ folder, names: [...names, ...more], logger: silentLogger });
  return { folder, open };
}

/** An HTTPS server that answers heartbeats, and counts connections. */
async function heartbeatServer(t: TestContext, keeper: CertificateKeeper) {
  const { chain, key } = keeper.current;
  const server = https.createServer({ cert: chain, key }, (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"rejected":[],"now":""}');
    });
  });
  const seen = { connections: 0 };
  server.on('secureConnection', () => {
    seen.connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, seen, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('an authority is made once, for its owner alone, and signs a certificate for every name', async (t) => {
  const { folder, open } = await ownAuthority(t);
  const now = Date.now();

  const first = await open().load(now);
  const again = await open().load(now + DAY_MS);

  assert.deepEqual(again, first);
  assert.deepEqual((await readdir(folder)).sort(), ['authority.pem', 'server.pem']);
  for (const file of await readdir(folder)) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
  const [leaf, authority] = first.chain
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((pem) => new X509Certificate(pem));
  assert.ok(leaf && authority);
  assert.ok(authority.ca && !leaf.ca && leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(Math.round((leaf.validToDate.getTime() - now) / DAY_MS), 397);
  assert.equal(Math.round((authority.validToDate.getTime() - now) / DAY_MS), 3_652);
  for (const name of NAMES) assert.ok(isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name), name);
  assert.equal(leaf.checkHost('evil.example.com'), undefined);
  assert.equal(first.fingerprint, pemSha256(authority.toString()));
});

test('the server certificate is made anew before its end, and for a new name, under the same authority', async (t) => {
  const { open } = await ownAuthority(t);
  const now = Date.now();
  const first = await open().load(now);

  const early = await open().load(now + 366 * DAY_MS);
  const late = await open().load(now + 368 * DAY_MS);
  const renamed = await open(['other.example.com']).load(now + 368 * DAY_MS);

  assert.equal(early.chain, first.chain);
  assert.ok(late.validUntil > first.validUntil + 300 * DAY_MS);
  assert.notEqual(renamed.chain, late.chain);
  assert.deepEqual(new Set([first, late, renamed].map((one) => one.fingerprint)).size, 1);
});

test('near the end of the authority a certificate lives as long as it, and is not made anew each hour', async (t) => {
  const { open } = await ownAuthority(t);
  const now = Date.now();
  await open().load(now);

  const last = await open().load(now + 3_640 * DAY_MS);
  const later = await open().load(now + 3_641 * DAY_MS);

  assert.equal(later.chain, last.chain);
});

test('a damaged authority is refused rather than replaced, without a word of what is in the file', async (t) => {
  const { folder, open } = await ownAuthority(t);
  await open().load(Date.now());
  const path = join(folder, 'authority.pem');
  const other = await createAuthority(Date.now());
  const text = await readFile(path, 'utf8');

  for (const damaged of ['', text.slice(0, -200), text.slice(0, text.indexOf('-----BEGIN PRIVATE')) + other.key]) {
    await writeFile(path, damaged);
    await assert.rejects(open().load(Date.now()), (error: Error & { code: string }) => {
      assert.equal(error.code, 'NSV_TLS_UNUSABLE');
      assert.doesNotMatch(error.message + String(error.cause), /BEGIN|[A-Za-z0-9+/]{40}/);
      return true;
    });
    assert.equal(await readFile(path, 'utf8'), damaged, 'it is left as it is');
  }
});

test('names are those of the addresses and of this machine, each once, and none that nobody can call', () => {
  const names = certificateNames({
    host: '0.0.0.0',
    publicUrl: 'https://Nervesys.example.com:7700',
    names: ['10.1.2.3', 'localhost'],
  });

  assert.deepEqual(names.slice(0, 5), ['nervesys.example.com', '10.1.2.3', 'localhost', '127.0.0.1', '::1']);
  assert.equal(new Set(names).size, names.length);
  assert.ok(!names.includes('0.0.0.0'));
});

test('a renewal cuts no connection, and new connections of an agent trust the new certificate', async (t) => {
  const { open } = await ownAuthority(t);
  const today = Date.now();
  let now = today - 368 * DAY_MS; // what was made then is good today, and due
  const clock: Clock = { ...systemClock, now: () => now };
  await using keeper = await CertificateKeeper.open({ source: open(), clock, logger: silentLogger });
  const { server, seen, url } = await heartbeatServer(t, keeper);
  const { authority, chain: before } = keeper.current;
  await using joined = new OrchestratorClient({ url, authority, key: 'k', clock: systemClock });
  await using late = new OrchestratorClient({ url, authority, key: 'k', clock: systemClock });
  await joined.sendHeartbeats([]);
  const told: string[] = [];

  await keeper.lookAgain(server, async () => assert.fail('nothing is new'));
  now = today;
  await keeper.lookAgain(server, async ({ chain }) => void told.push(chain));
  await joined.sendHeartbeats([]);
  assert.equal(seen.connections, 1, 'the old connection goes on');
  await late.sendHeartbeats([]);

  assert.equal(seen.connections, 2);
  assert.notEqual(keeper.current.chain, before);
  assert.deepEqual(told, [keeper.current.chain]);
  const shown = await readShownCertificates(new URL(url), systemClock, { timeoutMs: 8_000 });
  assert.equal(shown[0]?.pem, firstOf(keeper.current.chain));
});

test('a source that fails at a renewal leaves the old certificate in place', async (t) => {
  const { open } = await ownAuthority(t);
  const good = await open().load(Date.now());
  let fails = false;
  const source = {
    load: async () => {
      if (fails) throw new Error('half-written');
      return good;
    },
  };
  await using keeper = await CertificateKeeper.open({ source, clock: systemClock, logger: silentLogger });
  const { server, url } = await heartbeatServer(t, keeper);
  await using client = new OrchestratorClient({ url, authority: good.authority, key: 'k', clock: systemClock });

  fails = true;
  await keeper.lookAgain(server, () => assert.fail('nothing is new'));

  assert.equal(keeper.current, good);
  await client.sendHeartbeats([]);
});

test('the name is checked, the dates are checked, and only a certificate that is pinned itself needs no name', async (t) => {
  const now = Date.now();
  const authority = await createAuthority(now - 3_000 * DAY_MS);
  const tries = async (names: readonly string[], madeAt: number, pin: 'authority' | 'own') => {
    const own = await issueServerCertificate(authority, names, madeAt);
    const served = { chain: own.certificate + authority.certificate, key: own.key };
    const source = { load: async () => ({ ...served, fingerprint: null, authority: '', validUntil: 0 }) };
    await using keeper = await CertificateKeeper.open({ source, clock: systemClock, logger: silentLogger });
    const { url } = await heartbeatServer(t, keeper);
    const pinned = pin === 'own' ? own.certificate : authority.certificate;
    await using client = new OrchestratorClient({ url, authority: pinned, key: 'k', clock: systemClock });
    await client.sendHeartbeats([]);
  };

  await tries(['127.0.0.1'], now, 'authority');
  await tries(['elsewhere.example.com'], now, 'own');
  await assert.rejects(tries(['elsewhere.example.com'], now, 'authority'), {
    code: 'NSV_CERTIFICATE_WRONG',
    message: /IP/,
  });
  await assert.rejects(tries(['127.0.0.1'], now - 500 * DAY_MS, 'authority'), {
    code: 'NSV_CERTIFICATE_WRONG',
    message: /expired/,
  });
  await assert.rejects(tries(['127.0.0.1'], now - 500 * DAY_MS, 'own'), {
    code: 'NSV_CERTIFICATE_WRONG',
    message: /expired/,
  });
});

test('a given certificate is used as it is, pinned by the last of its file, and read again', async (t) => {
  const folder = await tempDir(t);
  const [certificate, key] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')];
  const company = await createAuthority(Date.now());
  const give = async () => {
    const own = await issueServerCertificate(company, ['127.0.0.1'], Date.now());
    await writeFile(certificate, own.certificate + company.certificate);
    await writeFile(key, own.key);
  };
  await give();
  const source = new GivenCertificate({ certificate, key });
  await using keeper = await CertificateKeeper.open({ source, clock: systemClock, logger: silentLogger });
  const { server, url } = await heartbeatServer(t, keeper);
  const { chain, fingerprint } = keeper.current;

  const pinned = await findPinnedCertificate({ url, fingerprint }, systemClock, undefined);
  await give();
  await keeper.lookAgain(server, async () => undefined);

  assert.equal(fingerprint, pemSha256(company.certificate));
  assert.notEqual(keeper.current.chain, chain);
  assert.equal(keeper.current.fingerprint, fingerprint);
  await using client = new OrchestratorClient({ url, authority: pinned, key: 'k', clock: systemClock });
  await client.sendHeartbeats([]);
});

test('a given certificate that cannot be used is refused at the start, with the file and the reason', async (t) => {
  const folder = await tempDir(t);
  const [certificate, key] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')];
  const now = Date.now();
  const company = await createAuthority(now);
  const own = await issueServerCertificate(company, ['127.0.0.1'], now);
  const other = await issueServerCertificate(company, ['127.0.0.1'], now);
  const stranger = await createAuthority(now);
  const load = () => new GivenCertificate({ certificate, key }).load(now);
  const cases: readonly [certificate: string, key: string, reason: RegExp][] = [
    [own.certificate, other.key, /is not the key of the certificate/],
    ['', own.key, /has 0 certificates/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', own.key, /can't be read/],
    [own.certificate, 'hunter2-no-key', /no private key/],
    [own.certificate + stranger.certificate, own.key, /not issued by the one after it/],
  ];

  await assert.rejects(load(), { code: 'NSV_TLS_UNUSABLE', message: /fullchain\.pem.*ENOENT/ });
  for (const [chain, secret, message] of cases) {
    await writeFile(certificate, chain);
    await writeFile(key, secret);
    await assert.rejects(load(), (error: Error & { code: string }) => {
      assert.equal(error.code, 'NSV_TLS_UNUSABLE');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
  await writeFile(certificate, own.certificate);
  await writeFile(key, own.key);
  const late = new GivenCertificate({ certificate, key }).load(now + 400 * DAY_MS);
  await assert.rejects(late, { code: 'NSV_TLS_UNUSABLE', message: /ended/ });
});

test('under a public authority tokens carry no fingerprint: its intermediates change, and every system knows its root', async () => {
  const root = getCACertificates('default').find((pem) => new X509Certificate(pem).validToDate.getTime() > Date.now());
  const own = new X509Certificate(root ?? '');

  assert.equal(isPublic(own), true);
  const made = await createAuthority(Date.now());
  assert.equal(isPublic(new X509Certificate(made.certificate)), false);
});

function firstOf(chain: string): string {
  return chain.slice(0, chain.indexOf('-----END CERTIFICATE-----') + '-----END CERTIFICATE-----\n'.length);
}
