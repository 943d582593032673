import { join } from 'node:path';
import { modelFilePath, modelsFolder, openModel, readGgufHeader, tryModel } from '../agent/edge-ai/model/index.ts';
import { loadConfig } from '../config/index.ts';
import { MODEL_DEFAULT, type ModelSettings } from '../contract/triage-settings.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { formatDuration, formatSize, writeSize } from '../platform/quantity.ts';
import { EXIT } from './exit-codes.ts';
import { modelMemoryBytes } from './model/memory.ts';
import { spawnModel } from './model/spawn-model.ts';
import { escapeControls, formatTable, note, painter, print, printJson } from './output.ts';
import { readModelKey, resolveHome, resolveUserPath } from './settings.ts';

export interface ModelTestOptions {
  readonly path?: string;
  readonly url?: string;
  readonly name?: string;
  readonly deadline?: number;
  readonly home?: string;
  readonly json?: boolean;
}

/** `nervesys model test`: does the model load, answer, and tell trouble from routine? */
export async function run(options: ModelTestOptions): Promise<number> {
  const home = resolveHome(options.home);
  const settings = await settingsOf(options, home);
  await using model = openModel(settings, {
    modelsFolder: modelsFolder(home),
    spawn: spawnModel(home),
    key: readModelKey(),
    clock: systemClock,
  });
  const stop = new AbortController();
  const onSignal = () => stop.abort(new DOMException('stopped', 'AbortError'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const trials = await tryModel(model, settings.deadlineMs, systemClock, stop.signal);
    const { memoryBytes } = model;
    const wrong = trials.filter(({ verdict, expected }) => verdict !== expected).length;
    if (options.json)
      printJson({
        model: model.name,
        source: settings.source,
        right: trials.length - wrong,
        wrong,
        memory_bytes: memoryBytes ?? null,
        answers: trials.map(({ tookMs, ...trial }) => ({ ...trial, took_ms: tookMs })),
      });
    else {
      const paint = painter(process.stdout);
      print(
        formatTable(trials, [
          { title: 'LINE', text: ({ line }) => line },
          { title: 'VERDICT', text: ({ verdict, expected }) => paint(verdict === expected ? 'green' : 'red', verdict) },
          { title: 'TOOK', text: ({ tookMs }) => formatTook(tookMs), align: 'right' },
          { title: 'REASON', text: ({ reason }) => escapeControls(reason) },
        ]),
      );
      print('');
      print(
        `${escapeControls(model.name)} answers${memoryBytes === undefined ? '' : `, and takes ${formatSize(memoryBytes)} of memory`}; ${trials.length - wrong} of ${trials.length} verdicts are right.`,
      );
    }
    if ((memoryBytes ?? 0) > MODEL_DEFAULT.memoryBytesMax && settings.memoryBytesMax > MODEL_DEFAULT.memoryBytesMax)
      note(
        `It needs more memory than models get by default: set triage.model.memory to ${writeSize(settings.memoryBytesMax)}.`,
      );
    if (wrong > 0) note('A model that errs on these lines errs on others: a larger one, or none, serves better.');
    return wrong > 0 ? EXIT.problems : EXIT.done;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** The first answer includes the loading. */
function formatTook(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : formatDuration(ms);
}

/** The model that is named here, else that of the configuration. */
async function settingsOf(options: ModelTestOptions, home: string): Promise<ModelSettings> {
  const { path, url, name, deadline } = options;
  if (path !== undefined && url !== undefined)
    throw new NervesysError('NSV_SETTING_INVALID', 'test a model: --path and --url are both given', {
      hint: 'a model is a file or behind an address',
    });
  const isConfigured = path === undefined && url === undefined && name === undefined;
  const settings: ModelSettings = isConfigured
    ? (await loadConfig(join(home, 'config'))).config.triageModel
    : { ...MODEL_DEFAULT, source: url === undefined ? 'gguf' : 'http', path: path && resolveUserPath(path), url, name };
  if (settings.source === 'off')
    throw new NervesysError('NSV_SETTING_INVALID', 'test the model: the configuration names none', {
      hint: 'name one here (--name, --path or --url), or in triage.model of config/agents/_defaults.yaml',
    });
  const file =
    isConfigured || settings.source === 'http'
      ? undefined
      : (settings.path ?? modelFilePath(modelsFolder(home), name!));
  return {
    ...settings,
    deadlineMs: deadline ?? settings.deadlineMs,
    // Nobody has set a limit for it yet.
    ...(file === undefined ? {} : { memoryBytesMax: modelMemoryBytes(readGgufHeader(file).sizeBytes) }),
  };
}
