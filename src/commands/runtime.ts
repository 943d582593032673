import { constants, existsSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConfigRepository } from '../agent/config-sync/git-sync.ts';
import {
  builtInConfig,
  type Complaint,
  type LoadedConfig,
  readConfigFolder,
  type StorageSettings,
} from '../config/index.ts';
import { systemClock } from '../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { createLogger, errorFields, type Logger, type LogLevel } from '../platform/logger.ts';
import { ProcessLock } from '../platform/process-lock.ts';
import type { Archive, BucketAddress, S3Archive } from '../storage/index.ts';
import { note } from './output.ts';
import { PROGRAM_NAME } from './program-name.ts';
import { packageRoot, type Settings, type StorjSettings, searchPath } from './settings.ts';
import { IS_WHOLE_PACKAGE } from './shipped.ts';

/** Everything is closed within this; a promise to whoever pressed Ctrl-C, and below what service managers wait before they kill. */
const CLOSE_DEADLINE_MS = 9_500;
/** npm passes on the signal that the terminal has sent already: two this close together are one. */
const SAME_SIGNAL_MS = 1_000;

/** The log of a long-running command: text on a terminal, JSON lines elsewhere, on standard error. */
export function openLog(settings: Settings, level: LogLevel): Logger {
  return createLogger({
    clock: systemClock,
    level: settings.debug ? 'debug' : level,
    format: process.stderr.isTTY ? 'text' : 'json',
    write: (line) => process.stderr.write(line),
  });
}

/** Makes the home where it is missing, and checks that it can be written. */
export async function prepareHome(home: string): Promise<void> {
  try {
    await makeFolders(home);
    await access(home, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new NervesysError('NSV_HOME_UNUSABLE', `use ${home} as home: ${describeError(error)}`, {
      hint: 'choose another folder with --home, or change its owner',
      cause: error,
    });
  }
}

/** Like `mkdir -p`. Node's own recursive mkdir never returns where a folder can't be made though its parent exists (`/proc/x`). */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return; // whether it is a folder, `access` tells
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
    await makeFolders(dirname(path));
    await mkdir(path, { mode: 0o755 });
  }
}

/** At most one running orchestrator a home: a second one would take its Postgres away. */
export function lockHome(home: string, part: string): ProcessLock {
  let lock: ProcessLock | undefined;
  try {
    lock = ProcessLock.take(join(home, `${part}.lock`));
  } catch (error) {
    throw new NervesysError('NSV_HOME_UNUSABLE', `lock ${home}: ${describeError(error)}`, { cause: error });
  }
  if (lock !== undefined) return lock;
  throw new NervesysError('NSV_ALREADY_RUNNING', `start Nervesys in ${home}: it runs there already`, {
    hint: `use the running one (\`${PROGRAM_NAME} fleet\`), or choose another home with --home`,
  });
}

/** The configuration of this home; the example is copied there the first time. */
export async function readConfig(home: string): Promise<LoadedConfig> {
  const dir = join(home, 'config');
  if (IS_WHOLE_PACKAGE) {
    const { copyExampleConfig } = await import('../config/index.ts');
    await copyExampleConfig(join(packageRoot(), 'config'), dir);
  } else {
    // The one-file agent carries no examples: it runs on the defaults until it is given a configuration, and needs nothing that reads one.
    const complaints: Complaint[] = [];
    const texts = await readConfigFolder(dir, complaints);
    if (texts.size === 0 && complaints.length === 0) return { config: await builtInConfig(), files: [], texts };
  }
  const { loadConfig } = await import('../config/index.ts');
  return loadConfig(dir);
}

/** The repository that the agent of this home follows by itself; `undefined`: `config.source` is not `git`. */
export function followedRepository({ git }: Settings, { config }: LoadedConfig): ConfigRepository | undefined {
  const { source, repository, branch, path, pollMs, signedBy } = config.configSource;
  if (source !== 'git' || repository === undefined) return undefined;
  const { token, sshKeyFile, knownHostsFile } = git;
  const credentials = { token, sshKeyFile, knownHostsFile };
  return { repository, branch, path, pollMs, signedBy, searchPath: searchPath(), credentials };
}

/**
 * Whether the agent of this home obeys the configuration that its orchestrator serves: unless somebody has written settings files here, which
 * then hold. The example as it was copied is nobody's writing.
 */
export async function followsOrchestrator({ config, files }: LoadedConfig): Promise<boolean> {
  const { source } = config.configSource;
  if (source !== undefined) return source === 'orchestrator';
  if (files.length === 0) return true;
  if (!IS_WHOLE_PACKAGE) return false;
  const { loadConfig } = await import('../config/index.ts');
  return config.revision === (await loadConfig(join(packageRoot(), 'config'))).config.revision;
}

/** S3 where its keys are given, else the folder below the home. */
export async function openConfiguredArchive(settings: Settings, { config }: LoadedConfig): Promise<Archive> {
  const { openArchive } = await import('../storage/index.ts'); // most agents send by permissions of their orchestrator
  const { storj, home } = settings;
  if (storj === undefined) return openArchive({ type: 'folder', path: join(home, 'archive') }, { clock: systemClock });
  const { accessKey, secretKey } = storj;
  const address = bucketAddress(storj, config.storage);
  return openArchive({ type: 's3', accessKey, secretKey, ...address }, { clock: systemClock });
}

/**
 * Takes the archive to where another configuration says it is, while it is in use: nothing has to answer at the former place. What is there
 * stays there.
 */
export function followPlace(archive: Archive, settings: Settings, storage: StorageSettings, logger: Logger): void {
  if (settings.storj === undefined || !isOfBucket(archive)) return;
  const before = archive.description;
  try {
    if (archive.usePlace(bucketAddress(settings.storj, storage)))
      logger.info('the archive is another now', { before, archive: archive.description });
  } catch (error) {
    logger.error('the archive cannot be where the configuration says; it stays where it is', errorFields(error));
  }
}

function isOfBucket(archive: Archive): archive is S3Archive {
  return 'usePlace' in archive;
}

function bucketAddress(storj: StorjSettings, storage: StorageSettings): BucketAddress {
  const { addressing, ...place } = bucketPlace(storj, storage);
  return {
    ...place,
    addressing: addressing === 'virtual_host' ? 'virtual-host' : 'path',
    logsExpireAfterMs: objectExpiryMs(storage, place.endpoint),
  };
}

/** After how long objects of logs are to end by themselves in this store; `undefined`: they aren't. */
export function objectExpiryMs({ retention }: StorageSettings, endpoint: string): number | undefined {
  const { logsMs, by } = retention;
  const atStorj = /(^|\.)storjshare\.io$/.test(URL.canParse(endpoint) ? new URL(endpoint).hostname : '');
  return by === 'store' || (by === 'auto' && atStorj) ? logsMs : undefined;
}

/** Where the bucket is: what the environment names wins over storage.yaml. */
export function bucketPlace(storj: StorjSettings, storage: StorageSettings) {
  const { bucket, endpoint, region, addressing } = storage.archive;
  return {
    bucket: storj.bucket ?? bucket,
    endpoint: storj.endpoint ?? endpoint,
    region: storj.region ?? region,
    addressing,
  };
}

/** Resolves with the name of the first signal that asks us to stop. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    const asked = (signal: NodeJS.Signals) => done(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, asked);
  });
}

/**
 * Closes what was opened, in reverse order, within the deadline; a second signal, or the deadline, ends the process at once
 * (what was accepted is on the disk in any case). Resolves with whether everything closed.
 */
export async function closeWithin(stack: AsyncDisposableStack, logger: Logger): Promise<boolean> {
  const startedAt = systemClock.monotonic();
  const giveUp = new AbortController();
  const impatient = () => {
    if (systemClock.monotonic() - startedAt > SAME_SIGNAL_MS) giveUp.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, impatient);
  const deadline = systemClock.sleep(CLOSE_DEADLINE_MS, giveUp.signal).then(
    () => false,
    () => false,
  );
  const closed = stack.disposeAsync().then(
    () => true,
    (error: unknown) => {
      logger.error('closing failed', { error: describeError(error) });
      return false;
    },
  );
  const clean = await Promise.race([closed, deadline]);
  if (!clean) note('Not everything closed in time; what was accepted is safe on the disk.');
  giveUp.abort();
  return clean;
}
