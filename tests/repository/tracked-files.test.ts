import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NERVESYS_VERSION } from '../../src/contract/version.ts';
import { ROOT } from './sources.ts';

/** What Git keeps, or would keep at the next commit. A published package has no Git and no such question. */
const inGit = existsSync(path.join(ROOT, '.git'));
const FILES = inGit
  ? execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
    })
      .split('\0')
      .filter((file) => file !== '' && existsSync(path.join(ROOT, file)) && statSync(path.join(ROOT, file)).isFile())
  : [];
const skip = inGit ? false : 'not a Git checkout';
const BINARY = /\.(?:png|jpe?g|gif|ico|woff2?|ttf|gz|db|pdf)$/i;
const SIZE_BYTES_MAX = 1_000_000;

function filesThatContain(pattern: RegExp, except: readonly string[] = []): string[] {
  return FILES.filter((file) => !BINARY.test(file) && !except.includes(file)).flatMap((file) =>
    readFileSync(path.join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

test('the version that agents report is the one of package.json', () => {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

  assert.equal(NERVESYS_VERSION, version);
});

test('the lock file pins versions and hashes, not the host that packages came from', { skip }, () => {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  interface Locked {
    readonly resolved?: string;
    readonly integrity?: string;
    readonly optional?: boolean;
    readonly os?: readonly string[];
    readonly libc?: readonly string[];
  }
  const packages = Object.entries<Locked>(lock.packages).filter(([name]) => name !== '');
  // Binaries of a development tool for platforms that nobody has installed it on yet are pinned by version alone.
  const elsewhere = ({ optional, os, libc }: Locked) =>
    optional === true && (!os?.includes('linux') || libc?.includes('musl') === true);

  const named = packages.filter(([, { resolved }]) => resolved !== undefined);
  const unpinned = packages.filter(([, locked]) => locked.integrity === undefined && !elsewhere(locked));
  assert.deepEqual(named, []);
  assert.deepEqual(unpinned, []);
});

test('no file names a package registry, or a folder of the machine it was written on', { skip }, () => {
  // Put together from pieces, so that this file doesn't name them either.
  const words = [
    ['registry', 'npmjs'],
    ['registry', 'yarnpkg'],
    ['/work', '/'],
    ['/home', '/[a-z]+/[a-z]'],
  ];
  const hosts = new RegExp(
    words
      .slice(0, 2)
      .map((word) => word.join('\\.'))
      .join('|'),
  );
  const folders = new RegExp(
    `(?:^|[\\s'"\`(=])(?:${words
      .slice(2)
      .map((word) => word.join(''))
      .join('|')})`,
  );

  assert.deepEqual(filesThatContain(hosts), []);
  assert.deepEqual(filesThatContain(folders), []);
});

test('no file holds what looks like a secret', { skip }, () => {
  const patterns = [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    /\bAKIA(?!IOSFODNN7EXAMPLE)[0-9A-Z]{16}\b/, // an AWS access key, but the one of AWS's own examples
    /\bgh[pousr]_[A-Za-z0-9]{36}\b/,
    /\bxox[baprs]-[A-Za-z0-9-]{10,}/,
    /\bnsv1\.[A-Za-z0-9_-]{80,}/,
  ];

  for (const pattern of patterns) assert.deepEqual(filesThatContain(pattern), [], String(pattern));
});

test('no tracked file is larger than a megabyte', { skip }, () => {
  assert.deepEqual(
    FILES.filter((file) => statSync(path.join(ROOT, file)).size > SIZE_BYTES_MAX),
    [],
  );
});
