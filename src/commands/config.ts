import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  addExampleConfig,
  type Complaint,
  type Config,
  checkConfigFolder,
  explainAgent,
  formatComplaint,
  loadConfig,
  nearest,
  resolveAgent,
} from '../config/index.ts';
import { parseAgentId, parseServerName } from '../contract/ids.ts';
import { NervesysError } from '../platform/errors.ts';
import { EXIT } from './exit-codes.ts';
import { escapeControls, formatTable, note, painter, print, printJson } from './output.ts';
import { packageRoot, resolveHome, resolveUserPath, userDirectory } from './settings.ts';

export interface ConfigOptions {
  readonly home?: string;
  readonly json?: boolean;
}

export interface CheckOptions extends ConfigOptions {
  /** `github`: workflow commands, which GitHub shows at the lines they name. */
  readonly format?: 'text' | 'github';
}

/** `nervesys config check [folder]`: every mistake at once; exit code 3 when there are some. */
export async function check(options: CheckOptions, folder?: string): Promise<number> {
  const place = checkedFolder(options, folder);
  const { config, complaints, files } = await checkConfigFolder(place);
  if (options.json)
    printJson({ valid: config !== undefined, folder: place, revision: config?.revision ?? null, files, complaints });
  else if (options.format === 'github')
    for (const complaint of complaints) print(githubAnnotation(complaint, repositoryPath(place)));
  else for (const complaint of complaints) print(escapeControls(formatComplaint(complaint)));
  if (config === undefined) {
    if (!options.json) note(`${countMistakes(complaints.length)} in ${escapeControls(place)}.`);
    return EXIT.problems;
  }
  if (!options.json) {
    print(`${escapeControls(place)}: no mistake in ${files.length} files (revision ${config.revision})`);
    if (files.length === 0) note('There is no file there, so the defaults hold.');
  }
  return EXIT.done;
}

function countMistakes(count: number): string {
  return count === 1 ? 'One mistake' : `${count} mistakes`;
}

/** Annotations name files from the root of the repository, where a workflow runs. */
function repositoryPath(folder: string): string {
  const path = relative(userDirectory(), folder);
  return path.startsWith('..') ? folder : path;
}

/** A workflow command of GitHub Actions: `::error file=config/storage.yaml,line=2,col=3::…`. */
function githubAnnotation({ file, line, column, path, problem, remedy }: Complaint, folder: string): string {
  const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const place = line === undefined ? '' : `,line=${line},col=${column ?? 1}`;
  const words = `${path === undefined ? '' : `${path} `}${problem}; ${remedy}`;
  return `::error file=${property(join(folder, file))}${place},title=nervesys config check::${data(words)}`;
}

/** `nervesys config init [folder]`: the commented example as a start, where no settings stand yet. */
export async function init(options: ConfigOptions, folder?: string): Promise<number> {
  const place = configFolder(options, folder);
  const inTheWay = await addExampleConfig(join(packageRoot(), 'config'), place);
  if (inTheWay.length > 0)
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `write a configuration to ${place}: ${inTheWay.slice(0, 5).join(', ')} stands there`,
      { hint: 'choose a folder without settings files; nothing was changed' },
    );
  const { config, files } = await checkConfigFolder(place);
  if (options.json) {
    printJson({ folder: place, revision: config?.revision ?? null, files });
    return EXIT.done;
  }
  print(`${escapeControls(place)}: ${files.length} files, each line explained.`);
  note(`Change what you like, then look at it:  nervesys config check ${escapeControls(place)}`);
  note('Keep it in Git, and let the orchestrator follow it: docs/CONFIG.md');
  return EXIT.done;
}

export interface ShowOptions extends ConfigOptions {
  readonly agent?: string;
  readonly server?: string;
}

/**
 * `nervesys config show [folder]`: what takes effect, defaults included, durations in ms and sizes in bytes. `--agent`: what one AI agent
 * gets, each setting with the place it comes from.
 */
export async function show(options: ShowOptions, folder?: string): Promise<number> {
  const place = checkedFolder(options, folder);
  if (options.agent !== undefined) return showAgent(options, place, options.agent);
  if (options.server !== undefined)
    throw new NervesysError('NSV_SETTING_INVALID', '--server is given without --agent', {
      hint: 'name the AI agent too: nervesys config show --agent GROK --server AIGARDEN01',
    });
  const { config } = await loadConfig(place);
  if (options.json) printJson(config);
  else {
    const { stringify } = await import('yaml');
    // Through JSON, so that what is absent is left out rather than shown as null.
    print(stringify(JSON.parse(JSON.stringify(config)), { lineWidth: 0 }).trimEnd());
  }
  return EXIT.done;
}

async function showAgent({ server, json }: ShowOptions, place: string, agentId: string): Promise<number> {
  if (parseAgentId(agentId) === undefined || (server !== undefined && parseServerName(server) === undefined))
    throw new NervesysError('NSV_SETTING_INVALID', 'show what an AI agent gets: --server or --agent is no name', {
      hint: 'names are as in --agent GROK --server AIGARDEN01',
    });
  const { config } = await loadConfig(place); // complains as every other command does
  const { roots } = await checkConfigFolder(place);
  const settings = explainAgent(config, roots, agentId);
  const { known, assigned } = resolveAgent(config, agentId, server ?? '');
  if (json) {
    printJson({
      agent_id: agentId,
      known,
      ...(server === undefined ? {} : { server, assigned }),
      revision: config.revision,
      settings,
    });
    return EXIT.done;
  }
  if (!known) note(unknownAgent(config, agentId));
  if (server !== undefined && !assigned)
    note(`${escapeControls(agentId)} does not run on ${escapeControls(server)}: its servers say otherwise.`);
  const paint = painter(process.stdout);
  print(
    formatTable(settings, [
      { title: 'SETTING', text: (one) => paint('bold', escapeControls(one.path)) },
      { title: 'VALUE', text: (one) => escapeControls(shorten(one.value)) },
      {
        title: 'FROM',
        text: ({ from }) =>
          from === undefined ? paint('dim', 'built in') : escapeControls(`${from.file}:${from.line}:${from.column}`),
      },
    ]),
  );
  return EXIT.done;
}

/** What is said of an AI agent without a file: it may be a slip. */
export function unknownAgent({ agents }: Config, agentId: string): string {
  const meant = nearest(
    agentId,
    agents.map((agent) => agent.agentId),
  );
  const asked = meant === undefined ? '' : ` Did you mean ${escapeControls(meant)}?`;
  return `${escapeControls(agentId)} has no file of its own, so it gets the defaults.${asked}`;
}

const VALUE_LENGTH_SHOWN = 80;

function shorten(value: string): string {
  return value.length > VALUE_LENGTH_SHOWN ? `${value.slice(0, VALUE_LENGTH_SHOWN)}…` : value;
}

/**
 * The same, to be read: one that was named must be there. It would mean the defaults otherwise, and a workflow that checks a misspelt folder
 * would find no mistake in it for ever.
 */
export function checkedFolder(options: ConfigOptions, folder: string | undefined): string {
  const place = configFolder(options, folder);
  if (folder === undefined || statSync(place, { throwIfNoEntry: false })?.isDirectory()) return place;
  throw new NervesysError('NSV_SETTING_INVALID', `read the configuration in ${place}: there is no such folder`, {
    hint: 'name the folder that holds agents/, thresholds.yaml, orchestrator.yaml and storage.yaml',
  });
}

/** The folder that is named, or the one below the home. */
export function configFolder(options: ConfigOptions, folder: string | undefined): string {
  return folder === undefined ? join(resolveHome(options.home), 'config') : resolveUserPath(folder);
}
