import { parseAgentId } from '../contract/ids.ts';
import { NervesysError } from '../platform/errors.ts';
import { builtInConfig } from './built-in.ts';
import type { AgentSettings, Config } from './config.ts';

/** Far above any server's part; what is larger is no configuration. */
const PART_CHARACTERS_MAX = 4_000_000;
const AGENTS_MAX = 10_000;
/** Keys whose built-in value is absent, and what they hold where they are there. */
const OPTIONAL: Readonly<Record<string, 'text' | 'texts' | 'number'>> = {
  servers: 'texts',
  path: 'text',
  publicUrl: 'text',
  repository: 'text',
  certificate: 'text',
  key: 'text',
  socketPath: 'text',
  logsMs: 'number',
  url: 'text',
  name: 'text',
};

/**
 * A server's part of the configuration as an orchestrator serves it (`ConfigDelivery`), checked for its shape: types as they are here, what a
 * newer orchestrator added left out, what an older one doesn't know filled in from the defaults. Its values were checked where it was made.
 * Rejects with `NSV_CONFIG_INVALID`, naming the first key that is not what it should be.
 */
export async function readServerPart(value: unknown, revision: string): Promise<Config> {
  if (JSON.stringify(value ?? null).length > PART_CHARACTERS_MAX) throw invalid('', 'is too large');
  const defaults = await builtInConfig();
  const { agents: given = [], ...rest } = groupOf(value, '');
  if (!Array.isArray(given) || given.length > AGENTS_MAX) throw invalid('agents', 'is no list');
  const shared = conform({ ...defaults, agents: undefined }, rest, '') as unknown as Config;
  const template = { ...defaults.agentDefaults, agentId: '', sources: [] };
  const agents = given.map((agent, index) => {
    const settings = conform(
      template,
      groupOf(agent, `agents[${index}]`),
      `agents[${index}]`,
    ) as unknown as AgentSettings;
    if (parseAgentId(settings.agentId) === undefined) throw invalid(`agents[${index}].agentId`, 'is no name');
    return settings;
  });
  return freeze({ ...shared, agents, revision });
}

type Group = Readonly<Record<string, unknown>>;

/** `value` in the shape of `template`, key by key. */
function conform(template: Group, value: Group, path: string): Group {
  const result: Record<string, unknown> = {};
  for (const [key, pattern] of Object.entries(template)) {
    const at = path === '' ? key : `${path}.${key}`;
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    result[key] = given === undefined || given === null ? pattern : likePattern(key, pattern, given, at);
  }
  return result;
}

function likePattern(key: string, pattern: unknown, given: unknown, at: string): unknown {
  if (pattern === undefined) {
    const isText = typeof given === 'string' && OPTIONAL[key] === 'text';
    const isTexts = OPTIONAL[key] === 'texts' && Array.isArray(given) && given.every((one) => typeof one === 'string');
    const isNumber = typeof given === 'number' && Number.isFinite(given) && OPTIONAL[key] === 'number';
    if (isText || isTexts || isNumber) return given;
    if (OPTIONAL[key] === undefined) return undefined; // nothing that is known here
    throw invalid(at, 'is of another kind');
  }
  if (Array.isArray(pattern)) {
    if (Array.isArray(given)) return given.map((one, index) => itemOf(key, one, `${at}[${index}]`));
    throw invalid(at, 'is no list');
  }
  if (typeof pattern === 'object' && pattern !== null) return conform(pattern as Group, groupOf(given, at), at);
  if (typeof given !== typeof pattern || (typeof given === 'number' && !Number.isFinite(given)))
    throw invalid(at, `is no ${typeof pattern === 'string' ? 'text' : typeof pattern}`);
  return given;
}

/** An item of a list: a plain value, or a group that says what it is. */
function itemOf(key: string, item: unknown, at: string): unknown {
  if (typeof item === 'string' || typeof item === 'number') return item;
  const group = groupOf(item, at);
  const isSource = typeof group['file'] === 'string' || isGroup(group['syslog']) || isGroup(group['journald']);
  if ((key === 'sources' || key === 'sharedSources') && !isSource) throw invalid(at, 'is no source');
  return group;
}

function groupOf(value: unknown, at: string): Group {
  if (isGroup(value)) return value;
  throw invalid(at, 'is no group of keys');
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(path: string, problem: string): NervesysError {
  return new NervesysError(
    'NSV_CONFIG_INVALID',
    `read what the orchestrator serves: ${path || 'the whole'} ${problem}`,
    {
      hint: 'what ran runs on; is the orchestrator much older or newer than this agent?',
    },
  );
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
