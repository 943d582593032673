import { createHash } from 'node:crypto';
import { NERVESYS_AGENT_ID, parseAgentId, UNKNOWN_AGENT_ID } from '../contract/ids.ts';
import { NervesysError } from '../platform/errors.ts';
import { type AgentFile, agentDefaults, agentDefaultsFile, agentFile, mergeAgent } from './agent-file.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { checkRules, readRules } from './check-rules.ts';
import { COMPLAINTS_MAX, type Complaint, formatComplaint, nearest, sortComplaints } from './complaints.ts';
import type { AgentSettings, Config } from './config.ts';
import { AGENTS_FOLDER, type ConfigTexts, readConfigFolder } from './config-folder.ts';
import { findCredentials } from './credentials.ts';
import { defaultOf, type Fields, type GroupField, type PartlyRead, type Read, withDefault } from './fields.ts';
import { agentListen } from './listen.ts';
import { FileComplaints, type Located, positionOf } from './located.ts';
import { checkOrchestrator, orchestratorFile, orchestratorSettings } from './orchestrator-file.ts';
import { mergeRules, type RuleRead } from './rules-section.ts';
import { checkConfigSource, configSource } from './source-section.ts';
import { checkStorage, storageFile, storageSettings } from './storage-file.ts';
import { checkThresholds, thresholdsFile, thresholdsFor } from './thresholds-file.ts';
import { checkModel, modelSettings } from './triage-section.ts';
import { parseYaml } from './yaml-file.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** The files it was read from, relative to the folder; none: all defaults. */
  readonly files: readonly string[];
  /** What stands in them. */
  readonly texts: ConfigTexts;
}

/** What a check of settings files has found. */
export interface CheckedConfig {
  /** Absent where there are complaints. */
  readonly config: Config | undefined;
  /** By file, then as they stand in it. */
  readonly complaints: readonly Complaint[];
  /** What each file holds, with places; for whoever tells where a value comes from. */
  readonly roots: ReadonlyMap<string, Located>;
}

/**
 * Checks settings files as a whole, by their path relative to the folder (`agents/grok.yaml`); none: all defaults. `revision` names them;
 * left out: by what is in them. Never rejects: what is wrong is a complaint.
 */
export async function checkConfigTexts(
  texts: ConfigTexts,
  options: { readonly revision?: string; readonly complaints?: readonly Complaint[] } = {},
): Promise<CheckedConfig> {
  const found: Complaint[] = [...(options.complaints ?? [])];
  const roots = new Map<string, Located>();
  const config = await buildConfig(texts, options.revision ?? revisionOf(texts), found, roots);
  return { config: found.length > 0 ? undefined : config, complaints: sortComplaints(found), roots };
}

/** The same of a folder (`<home>/config`), with what is wrong about its files; an absent file, or folder, means its defaults. */
export async function checkConfigFolder(
  dir: string,
): Promise<CheckedConfig & { readonly files: readonly string[]; readonly texts: ConfigTexts }> {
  const complaints: Complaint[] = [];
  const texts = await readConfigFolder(dir, complaints);
  return { ...(await checkConfigTexts(texts, { complaints })), files: [...texts.keys()], texts };
}

/**
 * Reads and checks the whole folder (`<home>/config`); an absent file, or folder, means its defaults.
 * Rejects with `NSV_CONFIG_INVALID` and all complaints at once, in the message and in `facts.complaints` (strings).
 */
export async function loadConfig(dir: string): Promise<LoadedConfig> {
  const { config, complaints, files, texts } = await checkConfigFolder(dir);
  if (config === undefined) throw configInvalid(dir, complaints);
  return { config, files, texts };
}

async function buildConfig(
  texts: ConfigTexts,
  revision: string,
  found: Complaint[],
  roots: Map<string, Located>,
): Promise<Config | undefined> {
  const readAs = async <F extends Fields>(file: string, field: GroupField<F>): Promise<FileRead<Read<F>>> => {
    const read = await readFileAs(file, field, texts, found);
    if (read.root !== undefined) roots.set(file, read.root);
    return read;
  };
  const orchestratorRead = await readAs('orchestrator.yaml', orchestratorFile);
  const storageRead = await readAs('storage.yaml', storageFile);
  const thresholdsRead = await readAs('thresholds.yaml', thresholdsFile);
  const defaultsRead = await readAs(`${AGENTS_FOLDER}/_defaults.yaml`, agentDefaultsFile);
  const agentReads = await readAgents(texts.keys(), readAs);

  checkRelations(orchestratorRead, (read, ...at) => checkOrchestrator(orchestratorSettings(read), ...at));
  checkRelations(storageRead, (read, ...at) => checkStorage(storageSettings(read), ...at));
  checkRelations(defaultsRead, ({ config, triage }, ...at) => {
    checkConfigSource(configSource(config), ...at);
    checkModel(modelSettings(triage?.model), ...at);
  });
  const names = agentReads.map(({ agentId }) => agentId);
  // Whose file it is may stand in what could not be read.
  const isEachKnown = agentReads.every(({ partly }) => partly !== undefined);
  checkRelations(thresholdsRead, (read, ...at) =>
    checkThresholds(
      read,
      (agentId) => ({ known: names.includes(agentId) || !isEachKnown, remedy: agentRemedy(agentId, names) }),
      ...at,
    ),
  );
  const orchestrator = orchestratorRead.value && orchestratorSettings(orchestratorRead.value);
  const storage = storageRead.value && storageSettings(storageRead.value);
  const source = defaultsRead.value && configSource(defaultsRead.value.config);
  const model = modelSettings(defaultsRead.value?.triage?.model);

  checkRulesOf(defaultsRead, agentReads, orchestrator?.channels ?? []);

  findCredentialsIn(texts, found);
  const thresholds = thresholdsRead.value;
  if (!orchestrator || !storage || !thresholds || !source || !defaultsRead.value) return undefined;
  const defaults = agentDefaults(defaultsRead.value, thresholdsFor(thresholds, undefined));
  const agents = agentReads
    .filter((read): read is AgentRead & { value: AgentFile } => read.value !== undefined)
    .map(({ agentId, value }): AgentSettings => {
      return { agentId, ...mergeAgent(value, defaults), thresholds: thresholdsFor(thresholds, agentId) };
    })
    .sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  return deepFreeze({
    revision,
    agents,
    agentDefaults: defaults,
    sharedSources: defaultsRead.value.sources ?? [],
    agentListen: agentListen(defaultsRead.value.listen),
    configSource: source,
    triageModel: model,
    orchestrator,
    storage,
  });
}

/** Complaints that look at another section than the one they stand in. */
const LEANS_ON: readonly (readonly [path: RegExp, sections: readonly string[]])[] = [
  [/^listen\./, ['tls']],
  [/^public_url$/, ['tls', 'listen']],
  [/^upload\.batch_size$/, ['buffer']],
  [/^agents\..*\.warning$/, ['defaults']],
];

/** What no single key can tell. Of a file with mistakes as much as can be told: what leans on a section that could not be read is left out. */
function checkRelations<T>(
  { partly, root, complaints }: FileRead<T>,
  check: (read: T, root: Located | undefined, complaints: FileComplaints) => void,
): void {
  if (partly === undefined) return;
  const found: Complaint[] = [];
  check(partly.values, root, new FileComplaints(complaints.file, found));
  complaints.take(
    found.filter(({ path = '' }) => {
      const others = LEANS_ON.filter(([leaning]) => leaning.test(path)).flatMap(([, sections]) => sections);
      return ![/^[^.[]*/.exec(path)![0], ...others].some((one) => partly.failed.has(one));
    }),
  );
}

/** The rules of each file; what hangs on rules that could not be read is left out. */
function checkRulesOf(
  defaultsRead: FileRead<Pick<AgentFile, 'rules'>>,
  agentReads: readonly AgentRead[],
  channels: readonly ChannelSettings[],
): void {
  const names = agentReads.map(({ agentId }) => agentId);
  const { root, complaints } = defaultsRead;
  const own = rulesOf(defaultsRead);
  checkRules({ rules: own, defaults: [], agentId: undefined, agentIds: names, channels }, root, complaints);
  const defaults = own?.includes(undefined) === false ? mergeRules(own as readonly RuleRead[]) : undefined;
  for (const read of agentReads)
    checkRules(
      { rules: rulesOf(read), defaults, agentId: read.agentId, agentIds: names, channels },
      read.root,
      read.complaints,
    );
}

/** Rule by rule, `undefined` for one that could not be read; `undefined`: none of them could. */
function rulesOf({ partly, root }: FileRead<Pick<AgentFile, 'rules'>>): readonly (RuleRead | undefined)[] | undefined {
  if (partly === undefined) return undefined;
  return partly.failed.has('rules') ? readRules(root) : (partly.values.rules ?? []);
}

/** What a field has refused already needs no second complaint. */
function findCredentialsIn(texts: ConfigTexts, found: Complaint[]): void {
  const refused = new Set(found.map(({ file, line }) => `${file}:${line}`));
  for (const [file, text] of texts)
    found.push(...findCredentials(file, text).filter(({ line }) => !refused.has(`${file}:${line}`)));
}

interface FileRead<T> {
  readonly value: T | undefined;
  /** The same, or what of it could be read; absent: nothing could. */
  readonly partly: PartlyRead<T> | undefined;
  readonly root: Located | undefined;
  readonly complaints: FileComplaints;
}

async function readFileAs<F extends Fields>(
  file: string,
  field: GroupField<F>,
  texts: ConfigTexts,
  found: Complaint[],
): Promise<FileRead<Read<F>>> {
  const complaints = new FileComplaints(file, found);
  const text = texts.get(file);
  const before = found.length;
  const root = text === undefined ? undefined : await parseYaml(text, complaints);
  if (found.length > before) return { value: undefined, partly: undefined, root, complaints };
  // An absent or empty file reads as an empty group: all defaults.
  const value = root === undefined ? defaultOf(withDefault(field, {}, '')) : field.read(root, '', complaints);
  if (value !== undefined) return { value, partly: { values: value, failed: NONE }, root, complaints };
  return { value, partly: root?.type === 'map' ? field.readPartly(root) : undefined, root, complaints };
}

const NONE: ReadonlySet<string> = new Set();

interface AgentRead extends FileRead<AgentFile> {
  readonly agentId: string;
}

async function readAgents(
  files: Iterable<string>,
  readAs: (file: string, field: typeof agentFile) => Promise<FileRead<AgentFile>>,
): Promise<readonly AgentRead[]> {
  const reads: AgentRead[] = [];
  const owners = new Map<string, string>();
  // Names are told apart by case: two that differ in nothing else would be mixed up by whoever reads or writes them.
  const folded = new Map(RESERVED.map((name) => [name.toLowerCase(), name as string]));
  for (const file of files) {
    if (!file.startsWith(`${AGENTS_FOLDER}/`) || file === `${AGENTS_FOLDER}/_defaults.yaml`) continue;
    const read = await readAs(file, agentFile);
    const stem = file.slice(AGENTS_FOLDER.length + 1, -'.yaml'.length).toUpperCase();
    const agentId = read.partly?.values.agent_id ?? stem;
    const owner = owners.get(agentId);
    if (parseAgentId(agentId) === undefined)
      read.complaints.add(undefined, '', 'has a name that cannot be an agent_id', 'give it an agent_id');
    else if (owner !== undefined)
      read.complaints.add(
        positionOf(read.root, ['agent_id']),
        'agent_id',
        `is ${JSON.stringify(agentId)}, as in ${owner}`,
        'use one file an AI agent',
      );
    else if ((folded.get(agentId.toLowerCase()) ?? agentId) !== agentId)
      read.complaints.add(
        positionOf(read.root, ['agent_id']),
        'agent_id',
        `is ${JSON.stringify(agentId)}, which differs from ${folded.get(agentId.toLowerCase())} in case only`,
        `write agent_id: ${folded.get(agentId.toLowerCase())} if that is meant, or give it another name`,
      );
    owners.set(agentId, owner ?? file);
    folded.set(agentId.toLowerCase(), agentId);
    reads.push({ ...read, agentId });
  }
  return reads;
}

/** Names that records get which no file stands for. */
const RESERVED = [NERVESYS_AGENT_ID, UNKNOWN_AGENT_ID];

function agentRemedy(agentId: string, names: readonly string[]): string {
  const meant = nearest(agentId, names);
  return meant ? `did you mean ${meant}?` : `add ${AGENTS_FOLDER}/${agentId.toLowerCase()}.yaml, or remove it`;
}

/** The same files give the same revision, wherever they lie. */
export function revisionOf(texts: ConfigTexts): string {
  if (texts.size === 0) return 'built-in';
  const hash = createHash('sha256');
  for (const [file, text] of texts) hash.update(`${file}\0${Buffer.byteLength(text)}\0${text}`);
  return hash.digest('hex').slice(0, 12);
}

function configInvalid(dir: string, found: readonly Complaint[]): NervesysError {
  const complaints = found.map(formatComplaint);
  const shown = complaints.slice(0, COMPLAINTS_MAX);
  const more = complaints.length - shown.length;
  const count = complaints.length === 1 ? 'a mistake' : `${complaints.length} mistakes`;
  const lines = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map((line) => `\n  ${line}`).join('');
  return new NervesysError('NSV_CONFIG_INVALID', `the configuration in ${dir} has ${count}:${lines}`, {
    hint: 'correct each named file; nothing was changed, and what ran runs on',
    facts: { complaints: shown, count: complaints.length },
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
