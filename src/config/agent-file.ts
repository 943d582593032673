import {
  AGENT_ID_LENGTH_MAX,
  AGENT_ID_PATTERN,
  parseAgentId,
  parseServerName,
  SERVER_NAME_PATTERN,
} from '../contract/ids.ts';
import type { AgentDefaults, Source, Thresholds } from './config.ts';
import { described, duration, group, list, parsed, type Read, text, withDefault } from './fields.ts';
import { listenSection } from './listen.ts';
import { mergeRedaction, redactionSection } from './redaction-section.ts';
import { mergeRules, rulesSection } from './rules-section.ts';
import { sourceSection } from './source-section.ts';
import { agentSources, sharedSources } from './sources.ts';
import { defaultTriageSection, mergeTriage, triageSection } from './triage-section.ts';

const role = text({ lengthMax: 100 });
const description = text({ lengthMax: 2_000 });
const servers = list(parsed('a server name such as AIGARDEN01', SERVER_NAME_PATTERN.source, parseServerName), {
  lengthMin: 1, // on no server it would run nowhere
  lengthMax: 10_000,
  of: 'server names',
});
const silentAfter = duration('10s', '30d');

/** `agents/_defaults.yaml`: what each AI agent is unless its own file says otherwise. */
const defaultsFields = {
  role: withDefault(role, 'AI agent', 'What it is here for, in a few words.'),
  description: described(description, 'The same for people, in a few sentences.'),
  servers: described(servers, 'Where it runs; left out: on every server.'),
  silent_after: withDefault(
    silentAfter,
    '10m',
    'Without a record, a status or a living process for this long it counts as silent.',
  ),
  sources: described(sharedSources, 'What is open on every server, for all AI agents together; none by default.'),
  listen: listenSection,
  config: sourceSection,
  redaction: redactionSection,
  rules: described(
    rulesSection,
    'What is done with records, in this order, before they are stored. They hold for every AI agent, before its own.',
  ),
  triage: described(defaultTriageSection, 'How lines are judged that no rule speaks of.'),
} as const;

/** `agents/<name>.yaml`: one AI agent. */
const agentFields = {
  agent_id: described(
    parsed(`a name of 1 to ${AGENT_ID_LENGTH_MAX} characters`, AGENT_ID_PATTERN.source, parseAgentId),
    'The name its records carry; left out: the name of this file in upper case.',
  ),
  role: described(role, 'What it is here for, in a few words. It is told this when it asks.'),
  description: described(description, 'The same for people, in a few sentences.'),
  servers: described(servers, 'Where it runs; left out: as in _defaults.yaml.'),
  sources: described(
    agentSources,
    'What is followed for it, on the servers where it runs. What it sends by itself needs no source.',
  ),
  silent_after: described(silentAfter, 'Left out: as in _defaults.yaml.'),
  redaction: described(
    redactionSection,
    'What is taken out of its records before they are stored; each key left out: as in _defaults.yaml.',
  ),
  rules: described(
    rulesSection,
    'What is done with its records, after the rules of _defaults.yaml; one with a name of theirs takes its place.',
  ),
  triage: described(
    triageSection,
    'How its lines are judged that no rule speaks of; each key left out: as in _defaults.yaml.',
  ),
} as const;

export const agentDefaultsFile = group(defaultsFields);
export const agentFile = group(agentFields);
export type AgentFile = Read<typeof agentFields>;

export function agentDefaults(read: Read<typeof defaultsFields>, thresholds: Thresholds): AgentDefaults {
  return {
    role: read.role,
    description: read.description ?? '',
    servers: read.servers,
    silentAfterMs: read.silent_after,
    redaction: mergeRedaction(read.redaction),
    rules: mergeRules(read.rules),
    triage: mergeTriage(read.triage),
    thresholds,
  };
}

/** An AI agent's own settings over the defaults. */
export function mergeAgent(
  own: AgentFile,
  defaults: AgentDefaults,
): Omit<AgentDefaults, 'thresholds'> & { readonly sources: readonly Source[] } {
  return {
    role: own.role ?? defaults.role,
    description: own.description ?? defaults.description,
    servers: own.servers ?? defaults.servers,
    silentAfterMs: own.silent_after ?? defaults.silentAfterMs,
    redaction: mergeRedaction(own.redaction, defaults.redaction),
    rules: mergeRules(own.rules, defaults.rules),
    triage: mergeTriage(own.triage, defaults.triage),
    sources: own.sources ?? [],
  };
}
