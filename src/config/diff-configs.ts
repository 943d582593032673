import type { RuleSettings } from '../contract/rules.ts';
import { writeDuration, writeSize } from '../platform/quantity.ts';
import type { AgentSettings, Config } from './config.ts';
import { writeRule } from './write-rule.ts';

/** One setting that has another effect. */
export interface ConfigChange {
  /** As people write it: `agents.GROK.silent_after`, `storage.upload.window`. */
  readonly path: string;
  /** In words; `undefined`: it wasn't there. */
  readonly before: string | undefined;
  /** `undefined`: it isn't there any more. */
  readonly after: string | undefined;
}

/**
 * What two configurations do differently, not how their files differ: a default that changed is told for each AI agent that takes it, and
 * a line that says what holds anyway is told nowhere. Sorted by path; the revisions themselves are no difference.
 */
export function diffConfigs(before: Config, after: Config): readonly ConfigChange[] {
  const [left, right] = [flatten(inBoth(before, after)), flatten(inBoth(after, before))];
  for (const [config, leaves] of [
    [before, left],
    [after, right],
  ] as const)
    for (const { agentId, role } of onlyIn(config, config === before ? after : before))
      leaves.set(`agents.${agentId}`, JSON.stringify(role));
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort();
  return paths.map((path) => ({ path, before: left.get(path), after: right.get(path) })).filter(isChange);
}

/** Where one came, or went, the others still stand in their order: that is told only where two changed places. */
function isChange({ path, before, after }: ConfigChange): boolean {
  if (before === after || !path.endsWith(ORDER)) return before !== after;
  const [left, right] = [before ?? '', after ?? ''].map((names) => names.split(', ')) as [string[], string[]];
  return left.filter((name) => right.includes(name)).join() !== right.filter((name) => left.includes(name)).join();
}

/** AI agents that came or went are one change each, not as many as they have settings. */
function onlyIn(config: Config, other: Config): readonly AgentSettings[] {
  return config.agents.filter(({ agentId }) => !other.agents.some((one) => one.agentId === agentId));
}

function inBoth(config: Config, other: Config): Config {
  const alone = new Set(onlyIn(config, other));
  return { ...config, agents: config.agents.filter((agent) => !alone.has(agent)) };
}

/** Ends the path of a leaf that tells in which order the items of a list stand. */
export const ORDER = ' (order)';
/** Lists of which an earlier item has a say before a later one. */
const ORDERED = /(?:^|\.)(?:rules|patterns)$/;

/** Every leaf of a configuration by the path that people know, with its value as they write it. */
export function flatten(config: Config): Map<string, string> {
  const { revision: _, agents, ...rest } = config;
  const leaves = new Map<string, string>();
  for (const [key, value] of Object.entries(rest)) walk(key, value, { path: '', unit: '' }, leaves);
  for (const { agentId, ...settings } of agents) {
    for (const [key, value] of Object.entries(settings))
      walk(key, value, { path: `agents.${agentId}`, unit: '' }, leaves);
  }
  return leaves;
}

interface Within {
  readonly path: string;
  /** `Ms` or `Bytes` where a key further out says so, as of limits in ms. */
  readonly unit: string;
}

function walk(key: string, value: unknown, within: Within, leaves: Map<string, string>): void {
  if (value === undefined) return;
  const path = within.path === '' ? settingName(key) : `${within.path}.${settingName(key)}`;
  const unit = UNIT.exec(key)?.[0] ?? (key.endsWith('Percent') ? '' : within.unit);
  if (Array.isArray(value)) {
    // Rules, patterns, channels and shelves are known by their names.
    if (value.every(hasName) && (value.length > 0 || NAMED.test(path))) {
      for (const each of value) leaves.set(`${path}[${each.name}]`, JSON.stringify(withoutName(each)));
      if (ORDERED.test(path)) leaves.set(`${path}${ORDER}`, value.map(({ name }) => name).join(', '));
    } else leaves.set(path, JSON.stringify(value));
  } else if (typeof value === 'object' && value !== null) {
    for (const [inner, one] of Object.entries(value)) walk(inner, one, { path, unit }, leaves);
  } else leaves.set(path, key === 'socketMode' ? `'0${Number(value).toString(8)}'` : written(unit, value));
}

const UNIT = /(?:Ms|Bytes)(?=(?:Max|Min)?$)/;
/** Settings files say a bound's name without it: `memoryBytesMax` is `memory`. */
const BOUND = /(?:Max|Min)$/;

/** A list of these that is empty is no setting of its own: what comes into it is one. */
const NAMED = /(?:^|\.)(?:rules|patterns|channels|shelves)$/;

/** Rules as settings files write them; of others what there is. */
function withoutName(value: { readonly name: string }): unknown {
  const { name: _, ...rest } = 'when' in value && 'effects' in value ? writeRule(value as RuleSettings) : value;
  return rest;
}

function hasName(value: unknown): value is { readonly name: string } {
  return typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string';
}

/** `silentAfterMs` → `silent_after`. */
function settingName(key: string): string {
  return key
    .replace(UNIT, '')
    .replace(BOUND, '')
    .replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

function written(unit: string, value: unknown): string {
  if (typeof value !== 'number') return typeof value === 'string' ? JSON.stringify(value) : String(value);
  if (unit === 'Ms') return writeDuration(value);
  return unit === 'Bytes' ? writeSize(value) : String(value);
}
