import type { Position } from './complaints.ts';
import type { Config } from './config.ts';
import { flatten, ORDER } from './diff-configs.ts';
import type { Located } from './located.ts';

/** A setting that an AI agent gets, and where somebody wrote it. */
export interface ExplainedSetting {
  /** `thresholds.cpu_percent.warning` */
  readonly path: string;
  /** As it is written in settings files. */
  readonly value: string;
  /** Absent: nobody did, it is built in. */
  readonly from: ({ readonly file: string } & Position) | undefined;
}

type Roots = ReadonlyMap<string, Located>;
const DEFAULTS = 'agents/_defaults.yaml';

/** What holds for an AI agent on a server, each value with the place it comes from. An AI agent without a file gets the defaults. */
export function explainAgent(config: Config, roots: Roots, agentId: string): readonly ExplainedSetting[] {
  const known = config.agents.some((agent) => agent.agentId === agentId);
  const own = known ? `agents.${agentId}.` : 'agent_defaults.';
  const file = known ? fileOf(agentId, roots) : undefined;
  const settings: ExplainedSetting[] = [];
  for (const [path, value] of flatten(config)) {
    const shown = path.startsWith(own) ? path.slice(own.length) : OF_THE_SERVER.test(path) ? path : undefined;
    if (shown === undefined || path.endsWith(ORDER)) continue; // they are told in their order
    const candidates = path.startsWith(own) ? ofAgent(shown, agentId, file) : ofServer(shown);
    settings.push({ path: shown, value, from: firstWritten(candidates, roots) });
  }
  return settings;
}

/** What every AI agent of a server shares. */
const OF_THE_SERVER = /^(?:agent_listen|triage_model|storage|shared_sources|orchestrator\.heartbeat\.interval$)/;

type Candidate = readonly [file: string, keys: readonly string[]];

/** Most particular first. */
function ofAgent(path: string, agentId: string, file: string | undefined): readonly Candidate[] {
  const [first, ...rest] = path.split('.') as [string, ...string[]];
  if (first === 'thresholds')
    return [
      ['thresholds.yaml', ['agents', agentId, ...rest]],
      ['thresholds.yaml', ['defaults', ...rest]],
    ];
  const keys = [first, ...rest];
  return [...(file === undefined ? [] : [[file, keys] as const]), [DEFAULTS, keys]];
}

function ofServer(path: string): readonly Candidate[] {
  const [first, ...rest] = path.split('.') as [string, ...string[]];
  if (first === 'agent_listen')
    return [[DEFAULTS, ['listen', ...rest.map((key) => (key === 'socket_path' ? 'socket' : key))]]];
  if (first === 'triage_model') return [[DEFAULTS, ['triage', 'model', ...rest]]];
  if (first === 'shared_sources') return [[DEFAULTS, ['sources']]];
  return [[`${first}.yaml`, rest]];
}

function firstWritten(candidates: readonly Candidate[], roots: Roots): ExplainedSetting['from'] {
  for (const [file, keys] of candidates) {
    const at = find(roots.get(file), keys)?.at;
    if (at !== undefined) return { file, ...at };
  }
  return undefined;
}

/** The value at `keys`; a last key `rules[noise]` is the item of that name. */
function find(root: Located | undefined, keys: readonly string[]): Located | undefined {
  let current = root;
  for (const key of keys) {
    const [, name = key, item] = /^(.+?)\[(.*)\]$/.exec(key) ?? [];
    current = entry(current, name);
    if (item === undefined) continue;
    current = current?.type === 'list' ? current.items.find((each) => textOf(entry(each, 'name')) === item) : undefined;
  }
  return current;
}

function entry(located: Located | undefined, key: string): Located | undefined {
  return located?.type === 'map' ? located.entries.find((candidate) => candidate.key === key)?.value : undefined;
}

function textOf(located: Located | undefined): unknown {
  return located?.type === 'scalar' ? located.value : undefined;
}

/** The file in which an AI agent stands: by the `agent_id` in it, else by its name. */
function fileOf(agentId: string, roots: Roots): string | undefined {
  for (const [file, root] of roots) {
    if (!file.startsWith('agents/') || file === DEFAULTS) continue;
    const stem = file.slice('agents/'.length, -'.yaml'.length).toUpperCase();
    if ((textOf(entry(root, 'agent_id')) ?? stem) === agentId) return file;
  }
  return undefined; // an empty file has nothing written in it
}
