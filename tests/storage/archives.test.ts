/**
 * The conformance suite over every archive: the folder and our S3 server always; radosgw and Swift (real servers that nobody
 * wrote for these tests; real-stores.test.ts starts its own) when they listen on their usual ports or are named; and any true bucket or folder:
 *   ARCHIVE_TEST_URL='s3://key:secret@gateway.storjshare.io/bucket?region=eu1&tls=1&addressing=path'   or   file:///some/folder
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/platform/clock.ts';
import { type ArchiveSettings, openArchive } from '../../src/storage/index.ts';
import { S3Server } from '../servers/s3-server.ts';
import { archiveConformance } from '../suites/archive-conformance.ts';
import { makeBucket } from '../support/s3-bucket.ts';

const parts = { clock: systemClock };

const folder = await mkdtemp(join(tmpdir(), 'nervesys-archive-'));
after(() => rm(folder, { recursive: true, force: true }));
archiveConformance('folder', () => openArchive({ type: 'folder', path: join(folder, 'made', 'as needed') }, parts));

let server: S3Server;
before(async () => {
  server = await S3Server.start();
});
after(() => server[Symbol.asyncDispose]());
archiveConformance('S3, path-style', () => openArchive(server.settings, parts));
// A bucket's own host name, without a name server: every name is this machine.
const lookup: LookupFunction = (_name, options, answer) =>
  options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4);
archiveConformance(
  'S3, virtual-host style',
  () =>
    openArchive(
      { ...server.settings, endpoint: `http://s3.test:${server.port}`, addressing: 'virtual-host' },
      { ...parts, lookup },
    ),
  lookup,
);

// The public test keys of these servers' set-up scripts.
await conformanceWhenUp(
  'radosgw',
  process.env['RADOSGW_TEST_URL'] ?? 'http://127.0.0.1:8091',
  'NERVEKEY',
  'NERVESECRET',
);
await conformanceWhenUp('Swift', process.env['SWIFT_TEST_URL'] ?? 'http://127.0.0.1:8090', 'test:tester', 'testing');

const archiveUrl = process.env['ARCHIVE_TEST_URL'];
if (archiveUrl === undefined)
  it('conformance of a true bucket', { skip: 'ARCHIVE_TEST_URL is not set' }, () => undefined);
else archiveConformance('ARCHIVE_TEST_URL', () => openArchive(readArchiveUrl(archiveUrl), parts));

async function conformanceWhenUp(name: string, endpoint: string, accessKey: string, secretKey: string): Promise<void> {
  const settings = {
    type: 's3',
    endpoint,
    region: 'us-east-1',
    bucket: 'nervesys-conformance',
    accessKey,
    secretKey,
  } as const;
  const reason = await reasonNotUp(new URL(endpoint));
  if (reason !== undefined) {
    it(`conformance of ${name}`, { skip: reason }, () => undefined);
    return;
  }
  archiveConformance(name, async () => {
    await makeBucket(settings);
    return openArchive(settings, parts);
  });
}

async function reasonNotUp({ hostname, port, host }: URL): Promise<string | undefined> {
  const socket = connect(Number(port || 80), hostname);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1000) });
    return undefined;
  } catch {
    return `nothing listens on ${host}`;
  } finally {
    socket.destroy();
  }
}

function readArchiveUrl(text: string): ArchiveSettings {
  const url = new URL(text);
  if (url.protocol === 'file:') return { type: 'folder', path: fileURLToPath(url) };
  const tls = url.searchParams.get('tls') !== '0';
  return {
    type: 's3',
    endpoint: `${tls ? 'https' : 'http'}://${url.host}`,
    region: url.searchParams.get('region') ?? 'eu1',
    bucket: url.pathname.slice(1),
    addressing: url.searchParams.get('addressing') === 'virtual-host' ? 'virtual-host' : 'path',
    accessKey: decodeURIComponent(url.username),
    secretKey: decodeURIComponent(url.password),
  };
}
