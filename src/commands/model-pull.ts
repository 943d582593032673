import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelFilePath, modelsFolder } from '../agent/edge-ai/model/index.ts';
import { MODEL_DEFAULT } from '../contract/triage-settings.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { formatSize, writeSize } from '../platform/quantity.ts';
import { EXIT } from './exit-codes.ts';
import { KNOWN_MODELS } from './model/known-models.ts';
import { modelMemoryBytes } from './model/memory.ts';
import { type ModelSource, pullModel } from './model/pull-model.ts';
import { note, print, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { prepareHome } from './runtime.ts';
import { resolveHome, resolveUserPath } from './settings.ts';

export interface ModelPullOptions {
  readonly sha256?: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly home?: string;
  readonly json?: boolean;
}

/** `nervesys model pull`: fetches a model into `<home>/models`. */
export async function run(options: ModelPullOptions, wanted: string): Promise<number> {
  const home = resolveHome(options.home);
  const { source, name } = sourceOf(wanted, options);
  const path = modelFilePath(modelsFolder(home), options.name ?? name);
  await prepareHome(home);
  const progress = new ProgressLine(process.stderr, systemClock);
  const stop = new AbortController();
  const onSignal = () =>
    stop.abort(
      new NervesysError('NSV_MODEL_NOT_FETCHED', 'fetch the model: it was stopped', {
        hint: 'the same command goes on from where it stopped',
      }),
    );
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const { sizeBytes, sha256, isNew } = await pullModel({
      path,
      source,
      replaces: options.force ?? false,
      onProgress: (bytes, of) => progress.show(`${formatSize(bytes)} of ${formatSize(of)}`, bytes / of),
      clock: systemClock,
      signal: stop.signal,
    });
    progress.clear();
    const kept = basename(path, '.gguf');
    const memoryBytes = modelMemoryBytes(sizeBytes);
    const isMore = memoryBytes > MODEL_DEFAULT.memoryBytesMax;
    const model = { source: 'gguf', name: kept, ...(isMore ? { memory: writeSize(memoryBytes) } : {}) };
    if (options.json) printJson({ name: kept, path, size_bytes: sizeBytes, sha256, fetched: isNew, triage: { model } });
    else {
      print(`${kept} ${isNew ? 'is' : 'was'} there: ${path} (${formatSize(sizeBytes)}, SHA-256 ${sha256}).`);
      note('\nTo have it asked, write into config/agents/_defaults.yaml:\n');
      const lines = Object.entries(model).map(([key, value]) => `    ${key}: ${value}`);
      print(['triage:', '  model:', ...lines].join('\n'));
      note(`\nTry it first: nervesys model test --name ${kept}`);
    }
    return EXIT.done;
  } finally {
    progress.clear();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** What is meant: a name, an address or a path. */
function sourceOf(wanted: string, options: ModelPullOptions): { readonly source: ModelSource; readonly name: string } {
  const given = readSha256(options.sha256);
  const known = KNOWN_MODELS.find(({ name }) => name === wanted.toLowerCase());
  if (known !== undefined) {
    const { name, url, sizeBytes, sha256 } = known;
    if (given !== undefined && given !== sha256)
      throw new NervesysError('NSV_SETTING_INVALID', `fetch ${name}: --sha256 is another than the one known of it`, {
        hint: 'leave it out; or give the address of the file that you mean',
      });
    return { source: { type: 'address', url: new URL(url), sizeBytes, sha256 }, name };
  }
  if (/^https?:\/\//i.test(wanted)) return sourceOfAddress(wanted, given);
  const path = /^file:\/\//i.test(wanted) ? pathOf(wanted) : resolveUserPath(wanted);
  if (existsSync(path)) return { source: { type: 'file', path, sha256: given }, name: basename(path) };
  throw new NervesysError(
    'NSV_SETTING_INVALID',
    `fetch ${JSON.stringify(wanted.slice(0, 200))}: there is no such model or file`,
    {
      hint: `known by name are ${KNOWN_MODELS.map(({ name, about }) => `${name} (${about})`).join(', ')}; or give an https address or a path`,
    },
  );
}

function sourceOfAddress(wanted: string, sha256: string | undefined) {
  const url = URL.canParse(wanted) ? new URL(wanted) : undefined;
  if (url === undefined || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    throw new NervesysError('NSV_SETTING_INVALID', 'fetch a model: its address is not https, or holds a password', {
      hint: 'use an https address, or fetch the file yourself and give its path',
    });
  if (sha256 === undefined)
    throw new NervesysError('NSV_SETTING_INVALID', `fetch a model from ${url.host}: its SHA-256 is not given`, {
      hint: 'look it up at the source and give it by --sha256; without it nobody could tell whether the file is the right one',
    });
  let name = url.pathname.split('/').at(-1) ?? '';
  try {
    name = decodeURIComponent(name);
  } catch {
    // It stays as it is, and is refused as a name.
  }
  return { source: { type: 'address', url, sha256 } as const, name };
}

function pathOf(address: string): string {
  try {
    return fileURLToPath(address);
  } catch {
    throw new NervesysError('NSV_SETTING_INVALID', 'fetch a model: its file:// address names no file of this machine', {
      hint: 'give its path',
    });
  }
}

function readSha256(text: string | undefined): string | undefined {
  const hex = text
    ?.trim()
    .toLowerCase()
    .replace(/^sha256:/, '');
  if (hex === undefined || /^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new NervesysError('NSV_SETTING_INVALID', '--sha256 is none', { hint: 'it has 64 hexadecimal digits' });
}
