import { join } from 'node:path';
import { loadConfig } from '../config/index.ts';
import { NervesysError } from '../platform/errors.ts';
import { EXIT } from './exit-codes.ts';
import { escapeControls, note, print, printJson } from './output.ts';
import { resolveHome, resolveUserPath } from './settings.ts';

export interface ConfigOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** `nervesys config check [folder]`: every mistake at once; exit code 3 when there are some. */
export async function check(options: ConfigOptions, folder?: string): Promise<number> {
  const place = configFolder(options, folder);
  try {
    const { config, files } = await loadConfig(place);
    if (options.json) printJson({ valid: true, folder: place, revision: config.revision, files, complaints: [] });
    else {
      print(`${escapeControls(place)}: no mistake in ${files.length} files (revision ${config.revision})`);
      if (files.length === 0) note('There is no file there, so the defaults hold.');
    }
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof NervesysError) || error.code !== 'NSV_CONFIG_INVALID') throw error;
    const complaints = (error.facts['complaints'] ?? [error.message]) as readonly string[];
    if (options.json) printJson({ valid: false, folder: place, complaints });
    else for (const complaint of complaints) print(escapeControls(complaint));
    const total = Number(error.facts['count'] ?? complaints.length);
    if (!options.json) note(`${total === 1 ? 'One mistake' : `${total} mistakes`} in ${escapeControls(place)}.`);
    return EXIT.problems;
  }
}

/** `nervesys config show [folder]`: what takes effect, defaults included, durations in ms and sizes in bytes. */
export async function show(options: ConfigOptions, folder?: string): Promise<number> {
  const { config } = await loadConfig(configFolder(options, folder));
  if (options.json) printJson(config);
  else {
    const { stringify } = await import('yaml');
    // Through JSON, so that what is absent is left out rather than shown as null.
    print(stringify(JSON.parse(JSON.stringify(config)), { lineWidth: 0 }).trimEnd());
  }
  return EXIT.done;
}

function configFolder(options: ConfigOptions, folder: string | undefined): string {
  return folder === undefined ? join(resolveHome(options.home), 'config') : resolveUserPath(folder);
}
