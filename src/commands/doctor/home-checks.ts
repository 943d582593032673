import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { modelFilePath, modelsFolder, readGgufHeader } from '../../agent/edge-ai/model/index.ts';
import { loadConfig } from '../../config/index.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { formatSize } from '../../platform/quantity.ts';
import { readSettings, readVaultPlace } from '../settings.ts';
import { type Check, ok, problem, skipped, warning } from './check.ts';

/** Below this the buffer can't reach its limit beside Postgres and the archive's folder. */
const FREE_BYTES_WARNING = 2e9;
const FREE_BYTES_PROBLEM = 300e6;

/** What can be told from the disk alone: the home, its space, its keys, its configuration, the environment. */
export async function checkHome(home: string): Promise<readonly Check[]> {
  return [
    checkSettings(home),
    checkFolder(home),
    checkSpace(home),
    ...checkKeys(home),
    await checkConfig(home),
    ...checkCheckouts(home),
    ...checkModels(home),
    ...(await checkConfiguredModel(home)),
  ];
}

function checkSettings(home: string): Check {
  try {
    const { storj } = readSettings({ home });
    const vault = readVaultPlace();
    if (vault !== undefined && storj === undefined)
      return ok('settings', `usable; secrets are in Vault at ${vault.address} (${vault.mount}/${vault.path})`);
    return ok(
      'settings',
      storj === undefined ? 'usable; the archive is a folder' : 'usable; the archive is S3 (STORJ_*)',
    );
  } catch (error) {
    if (!(error instanceof NervesysError)) throw error;
    return problem('settings', error.message, error.hint ?? 'correct the environment');
  }
}

function checkFolder(home: string): Check {
  if (!existsSync(home))
    return problem('home', `${home} does not exist`, 'start Nervesys with `npm start`, or name its home with --home');
  try {
    accessSync(home, constants.W_OK | constants.X_OK);
    return ok('home', `${home} is writable`);
  } catch (error) {
    return problem(
      'home',
      `${home} is not writable (${errorCode(error)})`,
      `run as the user it belongs to, or \`chown\` it`,
    );
  }
}

function checkSpace(home: string): Check {
  let place = home;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const found = `${formatSize(free)} free where ${place} lies`;
  const remedy = 'make room on this disk, or move the home with --home';
  if (free < FREE_BYTES_PROBLEM) return problem('disk', found, remedy);
  return free < FREE_BYTES_WARNING ? warning('disk', found, remedy) : ok('disk', found);
}

/** Keys are for their owner's eyes only. */
function checkKeys(home: string): readonly Check[] {
  const keys = ['agent', 'orchestrator', 'orchestrator/tls'].flatMap((part) => {
    try {
      return readdirSync(join(home, part))
        .filter((name) => name.endsWith('.key') || name.endsWith('.pem'))
        .map((name) => join(home, part, name));
    } catch {
      return []; // no such part here, or not for us to see: `home` has said so
    }
  });
  if (keys.length === 0) return [skipped('keys', 'there are none yet')];
  const open = keys.filter((path) => (statSync(path).mode & 0o077) !== 0);
  if (open.length === 0) return [ok('keys', `${keys.length} key files, readable by their owner only`)];
  return open.map((path) =>
    problem(
      'keys',
      `${path} can be read by others`,
      `chmod 600 ${path}, and revoke the key if strangers may have seen it`,
    ),
  );
}

async function checkConfig(home: string): Promise<Check> {
  try {
    const { config, files } = await loadConfig(join(home, 'config'));
    const { source, repository } = config.configSource;
    if (source === 'git' && spawnSync('git', ['--version'], { stdio: 'ignore' }).status !== 0)
      return problem(
        'configuration',
        `the agent is to follow ${repository}, and git is not installed`,
        'install git; until then what ran last holds',
      );
    const own =
      files.length === 0
        ? 'no files, the defaults hold'
        : `${files.length} files without a mistake, revision ${config.revision}`;
    return ok('configuration', source === 'git' ? `${own}; the agent follows ${repository}` : own);
  } catch (error) {
    if (!(error instanceof NervesysError)) throw error;
    const complaints = error.facts['complaints'] as readonly string[] | undefined;
    return problem('configuration', complaints?.[0] ?? error.message, 'see all mistakes with `nervesys config check`');
  }
}

/** Copies of the configuration's repository, which lie outside of the buffer's limit. */
function checkCheckouts(home: string): readonly Check[] {
  return ['agent', 'orchestrator'].flatMap((part) => {
    const folder = join(home, part, 'config.git');
    if (!existsSync(folder)) return [];
    try {
      return [ok('config checkout', `${folder} takes ${formatSize(folderBytes(folder))}, beside the buffer's limit`)];
    } catch (error) {
      return [skipped('config checkout', `${folder} could not be looked at (${errorCode(error)})`)];
    }
  });
}

/** Language models and the library that runs them: beside the buffer's limit too. */
function checkModels(home: string): readonly Check[] {
  const folder = modelsFolder(home);
  if (!existsSync(folder)) return [];
  try {
    const names = readdirSync(folder);
    const library = names.includes('node_modules') ? folderBytes(join(folder, 'node_modules')) : 0;
    const parts = names.filter((name) => name.endsWith('.part')).map((name) => join(folder, name));
    return [
      ...names.filter((name) => name.endsWith('.gguf')).map((name) => checkModel(join(folder, name))),
      ...parts.map((path) =>
        warning(
          'model',
          `${path} (${formatSize(statSync(path).size)}) was fetched in part`,
          'fetch it again, which goes on with it; or remove it',
        ),
      ),
      ...(library === 0
        ? []
        : [ok('model', `${join(folder, 'node_modules')} takes ${formatSize(library)}, beside the buffer's limit`)]),
    ];
  } catch (error) {
    return [skipped('model', `${folder} could not be looked at (${errorCode(error)})`)];
  }
}

/** The model that is to be asked: is it there? One within the folder is listed already. */
async function checkConfiguredModel(home: string): Promise<readonly Check[]> {
  try {
    const { source, path, name } = (await loadConfig(join(home, 'config'))).config.triageModel;
    if (source !== 'gguf') return [];
    const file = path ?? modelFilePath(modelsFolder(home), name ?? '');
    return dirname(file) === modelsFolder(home) && existsSync(file) ? [] : [checkModel(file)];
  } catch {
    return []; // `configuration` says what is wrong there
  }
}

function checkModel(path: string): Check {
  try {
    const { sizeBytes } = readGgufHeader(path);
    return ok('model', `${path} takes ${formatSize(sizeBytes)}, beside the buffer's limit`);
  } catch (error) {
    return problem('model', describeError(error), 'remove it, and fetch it again with `nervesys model pull`');
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}
