import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { S3Settings } from '../../src/storage/index.ts';

/** An S3 server that nobody wrote for our tests, and how to get it up. */
export interface StoreKind {
  readonly name: 'radosgw' | 'Swift';
  readonly script: string;
  readonly programs: readonly string[];
  readonly packages: string;
  readonly portsCount: number;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The role that its STS gives sessions of; absent: it has no STS. */
  readonly roleArn?: string;
}

export const RADOSGW: StoreKind = {
  name: 'radosgw',
  script: 'radosgw.sh',
  programs: ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph', 'monmaptool'],
  packages: 'radosgw ceph-mon ceph-osd ceph-mgr ceph-common',
  portsCount: 2,
  accessKey: 'NERVEKEY',
  secretKey: 'NERVESECRET',
  roleArn: 'arn:aws:iam:::role/nervesys',
};

export const SWIFT: StoreKind = {
  name: 'Swift',
  script: 'swift.sh',
  programs: ['swift-proxy-server', 'swift-object-server', 'swift-ring-builder', 'memcached', 'unshare'],
  packages: 'swift swift-proxy swift-account swift-container swift-object memcached',
  portsCount: 5,
  accessKey: 'test:tester',
  secretKey: 'testing',
};

/** A machine that takes longer is too busy to say anything about our code: the tests are skipped, with this as their reason. */
const START_DEADLINE_MS = 90_000;
const STOP_DEADLINE_MS = 20_000;

/** A running store; close it. */
export class RealStore implements AsyncDisposable {
  readonly settings: S3Settings & { readonly type: 's3' };
  readonly #kind: StoreKind;
  readonly #dir: string;

  private constructor(kind: StoreKind, dir: string, port: number) {
    this.#kind = kind;
    this.#dir = dir;
    const { accessKey, secretKey } = kind;
    const endpoint = `http://127.0.0.1:${port}`;
    this.settings = { type: 's3', endpoint, region: 'us-east-1', bucket: 'nervesys-conformance', accessKey, secretKey };
  }

  /** The store, or in words why it can't be had here. */
  static async start(kind: StoreKind): Promise<RealStore | string> {
    const missing = kind.programs.filter((program) => !isInstalled(program));
    if (missing.length > 0) return `not installed: ${missing.join(', ')} (apt-get install ${kind.packages})`;
    if (process.getuid?.() !== 0) return `${kind.name} is started as root only`;
    const dir = await mkdtemp(join('/tmp', 'nvs-')); // short: the paths of Unix sockets are bounded
    const ports = await freePorts(kind.portsCount);
    const store = new RealStore(kind, dir, ports[0]!);
    const started = await script(kind, ['start', dir, ...ports.map(String)], START_DEADLINE_MS);
    if (started.ok) return store;
    await store[Symbol.asyncDispose]();
    return `${kind.name} did not start: ${started.said}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await script(this.#kind, ['stop', this.#dir], STOP_DEADLINE_MS);
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function script(kind: StoreKind, args: readonly string[], deadlineMs: number) {
  const child = spawn('bash', [join(import.meta.dirname, kind.script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, so that one that takes too long is ended with all it has started
    env: { ...process.env, PATH: `${process.env['PATH']}${delimiter}/usr/sbin${delimiter}/sbin`, LC_ALL: 'C.UTF-8' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-500);
    });
  }
  const timer = setTimeout(() => {
    said += `it took longer than ${deadlineMs / 1000} s`;
    process.kill(-child.pid!, 'SIGKILL');
  }, deadlineMs);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  child.stdout.destroy(); // a server that inherited it would keep it open
  child.stderr.destroy();
  return { ok: code === 0, said: said.trim().replaceAll('\n', '; ') };
}

/** Ports that nobody has at this moment, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
