import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readGgufHeader } from '../../agent/edge-ai/model/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { ProcessLock } from '../../platform/process-lock.ts';
import { formatSize } from '../../platform/quantity.ts';
import { type Random, systemRandom } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { openDownload } from './download.ts';

/** Left free on the disk: a server whose disk is full keeps nothing else either. */
const FREE_BYTES_MIN = 500_000_000;
/** Attempts in a row that brought nothing. */
const ATTEMPTS_MAX = 5;
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

/** Where a model comes from. */
export type ModelSource =
  | { readonly type: 'address'; readonly url: URL; readonly sha256: string; readonly sizeBytes?: number | undefined }
  | { readonly type: 'file'; readonly path: string; readonly sha256?: string | undefined };

export interface PullOptions {
  /** Of the file that it becomes. */
  readonly path: string;
  readonly source: ModelSource;
  /** Whether another file may stand there, and goes. */
  readonly replaces: boolean;
  readonly onProgress: (bytes: number, of: number) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly random?: Random;
  /** See `openDownload`. */
  readonly authority?: string | undefined;
  readonly silentMs?: number;
  /** Bytes free at a path; for tests. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

export interface Pulled {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** False: the very file was there already. */
  readonly isNew: boolean;
}

/**
 * Brings a model to its place. It is written beside it, under a name made of its SHA-256, so that an attempt that was broken off is gone on with;
 * only what has the right size, the right SHA-256 and the form of a GGUF file is synced and gets the model's name. Rejects with
 * `NSV_MODEL_NOT_FETCHED` (what has come is kept), or `NSV_MODEL_MISMATCH` (it is thrown away).
 */
export async function pullModel(options: PullOptions): Promise<Pulled> {
  const { path, source, replaces } = options;
  const folder = dirname(path);
  using _lock = await takeLock(folder);
  const standing = await fileSize(path);
  if (standing !== undefined) {
    const sha256 = (await hashOf(path, options.signal)).digest('hex');
    if (sha256 === source.sha256) return { sizeBytes: standing, sha256, isNew: false };
    if (!replaces)
      throw new NervesysError('NSV_SETTING_INVALID', `fetch a model to ${path}: another one stands there`, {
        hint: 'keep this one under another name with --name, or put it in that one’s place with --force',
      });
  }
  const part = join(folder, `.${source.sha256?.slice(0, 32) ?? 'file'}.part`);
  const { sizeBytes, sha256 } =
    source.type === 'file' ? await copyFile(part, source, options) : await fetchFile(part, source, options);
  await settle(part, path);
  return { sizeBytes, sha256, isNew: true };
}

type Digest = Omit<Pulled, 'isNew'>;

/** Fetches what is missing of `part`, in as many attempts as it takes while each brings something. */
async function fetchFile(
  part: string,
  source: ModelSource & { type: 'address' },
  options: PullOptions,
): Promise<Digest> {
  const { clock, signal, random = systemRandom } = options;
  let hash: Hash = createHash('sha256');
  let bytes = (await fileSize(part)) ?? 0;
  if (bytes > 0) hash = await hashOf(part, signal);
  for (let failures = 0; ; ) {
    const before = bytes;
    try {
      const download = await openDownload(source.url, bytes, options);
      const size = download.sizeBytes;
      if (size === undefined) throw mismatch(source, 'its server does not say how large it is');
      if (source.sizeBytes !== undefined && size !== source.sizeBytes)
        throw mismatch(source, `it has ${size} bytes, and the model has ${source.sizeBytes}`);
      await requireSpace(part, size - bytes, options);
      await using file = await open(part, download.offset === 0 ? 'w' : 'a', 0o644);
      if (download.offset === 0) {
        hash = createHash('sha256');
        bytes = 0;
      }
      for await (const chunk of download.body) {
        signal.throwIfAborted();
        if (bytes + chunk.length > size) throw mismatch(source, `more than its ${size} bytes come`);
        await file.writeFile(chunk);
        hash.update(chunk);
        bytes += chunk.length;
        options.onProgress(bytes, size);
      }
      if (bytes === size) return checked(part, source, { sizeBytes: bytes, sha256: hash.digest('hex') });
      throw new NervesysError(
        'NSV_MODEL_NOT_FETCHED',
        `fetch ${source.url.host}: it ended after ${bytes} of ${size} bytes`,
        {
          retryable: true,
        },
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof NervesysError && error.code === 'NSV_MODEL_MISMATCH') await rm(part, { force: true });
      if (!isRetryable(error)) throw error;
      failures = bytes > before ? 1 : failures + 1;
      if (failures >= ATTEMPTS_MAX)
        throw new NervesysError('NSV_MODEL_NOT_FETCHED', (error as Error).message, {
          hint: `${formatSize(bytes)} are there; the same command goes on from where it stopped`,
          cause: error,
        });
      await clock.sleep(backoffMs(failures, BACKOFF, random), signal);
    }
  }
}

async function copyFile(part: string, source: ModelSource & { type: 'file' }, options: PullOptions): Promise<Digest> {
  const size = readGgufHeader(source.path).sizeBytes;
  await requireSpace(part, size, options);
  await using file = await open(part, 'w', 0o644);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(source.path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    options.signal.throwIfAborted();
    await file.writeFile(chunk);
    hash.update(chunk);
    bytes += chunk.length;
    options.onProgress(bytes, size);
  }
  return checked(part, source, { sizeBytes: bytes, sha256: hash.digest('hex') });
}

async function checked(part: string, source: ModelSource, found: Digest): Promise<Digest> {
  if (source.sha256 !== undefined && found.sha256 !== source.sha256) {
    await rm(part, { force: true });
    throw mismatch(source, `its SHA-256 is ${found.sha256}, and not ${source.sha256}`);
  }
  return found;
}

/** Gives the file its name, once it is surely on the disk. */
async function settle(part: string, path: string): Promise<void> {
  try {
    readGgufHeader(part);
  } catch (error) {
    await rm(part, { force: true });
    throw new NervesysError('NSV_MODEL_MISMATCH', 'take the model: it is no GGUF file', {
      hint: 'other forms (safetensors, …) have to be converted first; most models are offered as GGUF too',
      cause: error,
    });
  }
  await using file = await open(part, 'r+');
  await file.sync();
  await rename(part, path);
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}

async function requireSpace(part: string, bytes: number, { freeBytes = freeBytesOf }: PullOptions): Promise<void> {
  const free = await freeBytes(dirname(part));
  if (free >= bytes + FREE_BYTES_MIN) return;
  throw new NervesysError(
    'NSV_MODEL_NOT_FETCHED',
    `fetch a model of ${formatSize(bytes)} more to ${dirname(part)}: ${formatSize(free)} are free there`,
    { hint: `make room: ${formatSize(FREE_BYTES_MIN)} should stay free beside it` },
  );
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function hashOf(path: string, signal: AbortSignal): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) hash.update(chunk as Buffer);
  return hash;
}

/** Two that write the same file would spoil it for each other. */
async function takeLock(folder: string): Promise<ProcessLock> {
  let lock: ProcessLock | undefined;
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    lock = ProcessLock.take(join(folder, '.pull.lock'));
  } catch (error) {
    throw new NervesysError('NSV_HOME_UNUSABLE', `write to ${folder}: ${describeError(error)}`, {
      hint: 'run it as the user that the folder belongs to, or as root',
      cause: error,
    });
  }
  if (lock !== undefined) return lock;
  throw new NervesysError('NSV_ALREADY_RUNNING', `fetch a model to ${folder}: another one is being fetched`, {
    hint: 'wait until it is there',
  });
}

function mismatch(source: ModelSource, what: string): NervesysError {
  const from = source.type === 'file' ? source.path : `${source.url.host}${source.url.pathname}`;
  return new NervesysError('NSV_MODEL_MISMATCH', `take the model from ${from}: ${what}`, {
    hint: 'compare with what its source says; it was thrown away',
  });
}
