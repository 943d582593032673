import { statSync } from 'node:fs';
import { type Config, type ConfigChange, checkConfigTexts, diffConfigs, loadConfig } from '../config/index.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, note, painter, print, printJson } from './output.ts';
import { resolveUserPath } from './settings.ts';

/**
 * `nervesys config diff A B`: what the second does differently from the first, in effect rather than in text. Each is a folder, or a revision
 * that the orchestrator knows.
 */
export async function run(options: ReaderOptions, before: string, after: string): Promise<number> {
  const [left, right] = await Promise.all([read(options, before), read(options, after)]);
  const changes = diffConfigs(left, right);
  if (options.json) {
    printJson({ before: left.revision, after: right.revision, changes });
    return EXIT.done;
  }
  if (changes.length === 0) note(`${shown(before, left)} and ${shown(after, right)} have the same effect.`);
  else
    note(
      `${shown(before, left)} → ${shown(after, right)}: ${changes.length === 1 ? 'one setting' : `${changes.length} settings`}`,
    );
  printChanges(changes);
  return EXIT.done;
}

/** One line a setting: `~ agents.GROK.silent_after: 10m → 12m`. */
export function printChanges(changes: readonly ConfigChange[]): void {
  const paint = painter(process.stdout);
  for (const change of changes) print(line(change, paint));
}

function line({ path, before, after }: ConfigChange, paint: ReturnType<typeof painter>): string {
  const name = paint('bold', escapeControls(path));
  const [old, now] = [before, after].map((value) => (value === undefined ? '' : escapeControls(value)));
  if (before === undefined) return `${paint('green', '+')} ${name}: ${now}`;
  if (after === undefined) return `${paint('red', '-')} ${name}: ${old}`;
  return `${paint('yellow', '~')} ${name}: ${old} → ${now}`;
}

function shown(name: string, config: Config): string {
  return escapeControls(name === config.revision ? name : `${name} (${config.revision})`);
}

async function read(options: ReaderOptions, name: string): Promise<Config> {
  const folder = resolveUserPath(name);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return (await loadConfig(folder)).config;
  if (!/^[0-9a-f]{4,64}$/.test(name))
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `${JSON.stringify(name.slice(0, 120))} is no folder and no revision`,
      {
        hint: 'name a folder of settings files, or a revision as `nervesys config rollout status` shows it',
      },
    );
  const { revision, files } = (await connectOrchestrator(options).ask('GET', `/api/v1/revisions/${name}`)) as {
    readonly revision: string;
    readonly files: Readonly<Record<string, string>>;
  };
  const { config, complaints } = await checkConfigTexts(new Map(Object.entries(files)), { revision });
  if (config === undefined)
    throw new NervesysError(
      'NSV_CONFIG_INVALID',
      `revision ${revision} was refused: it has ${complaints.length} mistakes`,
      {
        hint: 'it has no effect that could be compared',
      },
    );
  return config;
}
