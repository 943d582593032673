import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, checkConfigFolder, diffConfigs, formatComplaint } from '../config/index.ts';
import { writeFileAtomic } from '../platform/atomic-file.ts';
import { NervesysError } from '../platform/errors.ts';
import { printChanges } from './config-diff.ts';
import { EXIT } from './exit-codes.ts';
import { escapeControls, note, print, printJson } from './output.ts';
import { resolveHome, resolveUserPath } from './settings.ts';

export interface ApplyOptions {
  readonly home?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Settings files hold no secrets. */
const FILE_MODE = 0o644;

/**
 * `nervesys config apply FOLDER`: puts a folder of settings files in the place of those below the home, for who keeps them elsewhere than in a
 * repository that Nervesys follows. Checked first, as a whole; with a mistake nothing is changed, and the exit code is 3.
 */
export async function run(options: ApplyOptions, folder: string): Promise<number> {
  const home = resolveHome(options.home);
  const [from, to] = [resolveUserPath(folder), join(home, 'config')];
  const { config, complaints, texts } = await checkConfigFolder(from);
  if (config === undefined) {
    if (options.json) printJson({ applied: false, complaints });
    else for (const complaint of complaints) print(escapeControls(formatComplaint(complaint)));
    note(
      `Nothing was changed: ${complaints.length === 1 ? 'there is a mistake' : `there are ${complaints.length} mistakes`} in ${escapeControls(from)}.`,
    );
    return EXIT.problems;
  }
  if (texts.size === 0)
    throw new NervesysError('NSV_SETTING_INVALID', `apply ${from}: no settings file stands there`, {
      hint: 'name a folder as `nervesys config init` writes it',
    });
  const before = await checkConfigFolder(to); // what is broken there is replaced
  await refuseFollowed(to, before.config, config);
  const changes = before.config === undefined ? [] : diffConfigs(before.config, config);
  if (options.dryRun !== true) await replaceFiles(to, texts, before.files);
  if (options.json) {
    printJson({ applied: options.dryRun !== true, folder: to, revision: config.revision, changes });
    return EXIT.done;
  }
  printChanges(changes);
  note(
    options.dryRun === true
      ? `Nothing was changed yet; without --dry-run revision ${config.revision} would be in ${escapeControls(to)}.`
      : `Revision ${config.revision} is in ${escapeControls(to)}. A running orchestrator finds it within seconds and rolls it out: nervesys config rollout status`,
  );
  return EXIT.done;
}

/** Where a repository is followed, what stands below the home would be passed over, or overwritten by the next commit. */
async function refuseFollowed(to: string, before: Config | undefined, next: Config): Promise<void> {
  const { repository } = before?.orchestrator.git ?? next.orchestrator.git;
  const followed = repository ?? before?.configSource.repository;
  if (followed !== undefined)
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `apply a folder to ${to}: the configuration comes from ${followed}`,
      {
        hint: 'push to the repository instead; nothing was changed',
      },
    );
  if ((await lstat(to).catch(() => undefined))?.isSymbolicLink() === true)
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `apply a folder to ${to}: it is a link, as scripts/sync_config.sh makes it`,
      {
        hint: 'push to the repository that it syncs instead; nothing was changed',
      },
    );
}

/** File by file, each whole. Whoever watches the folder takes it once it has come to rest. */
async function replaceFiles(to: string, texts: ReadonlyMap<string, string>, files: readonly string[]): Promise<void> {
  for (const [file, text] of texts) await writeFileAtomic(join(to, file), text, FILE_MODE);
  for (const file of files) if (!texts.has(file)) await rm(join(to, file), { force: true });
}
