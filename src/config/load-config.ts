import { createHash } from 'node:crypto';
import { parseAgentId } from '../contract/ids.ts';
import { NervesysError } from '../platform/errors.ts';
import { type AgentFile, agentDefaults, agentDefaultsFile, agentFile, mergeAgent } from './agent-file.ts';
import { COMPLAINTS_MAX, type Complaint, formatComplaint, nearest, sortComplaints } from './complaints.ts';
import type { AgentSettings, Config } from './config.ts';
import { AGENTS_FOLDER, type ConfigTexts, readConfigFolder } from './config-folder.ts';
import { findCredentials } from './credentials.ts';
import { defaultOf, type Field, withDefault } from './fields.ts';
import { agentListen } from './listen.ts';
import { FileComplaints, type Located } from './located.ts';
import { checkOrchestrator, orchestratorFile, orchestratorSettings } from './orchestrator-file.ts';
import { checkStorage, storageFile, storageSettings } from './storage-file.ts';
import { checkThresholds, thresholdsFile, thresholdsFor } from './thresholds-file.ts';
import { parseYaml } from './yaml-file.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** The files it was read from, relative to the folder; none: all defaults. */
  readonly files: readonly string[];
}

/**
 * Reads and checks the whole folder (`<home>/config`); an absent file, or folder, means its defaults.
 * Rejects with `NSV_CONFIG_INVALID` and all complaints at once, in the message and in `facts.complaints` (strings).
 */
export async function loadConfig(dir: string): Promise<LoadedConfig> {
  const complaints: Complaint[] = [];
  const texts = await readConfigFolder(dir, complaints);
  const config = await buildConfig(texts, complaints);
  if (config === undefined || complaints.length > 0) throw configInvalid(dir, complaints);
  return { config, files: [...texts.keys()] };
}

/** The defaults, as with no file at all. */
export async function builtInConfig(): Promise<Config> {
  return (await buildConfig(new Map(), []))!;
}

async function buildConfig(texts: ConfigTexts, found: Complaint[]): Promise<Config | undefined> {
  const orchestratorRead = await readFileAs('orchestrator.yaml', orchestratorFile, texts, found);
  const storageRead = await readFileAs('storage.yaml', storageFile, texts, found);
  const thresholdsRead = await readFileAs('thresholds.yaml', thresholdsFile, texts, found);
  const defaultsRead = await readFileAs(`${AGENTS_FOLDER}/_defaults.yaml`, agentDefaultsFile, texts, found);
  const agentReads = await readAgents(texts, found);

  const orchestrator = orchestratorRead.value && orchestratorSettings(orchestratorRead.value);
  if (orchestrator) checkOrchestrator(orchestrator, orchestratorRead.root, orchestratorRead.complaints);
  const storage = storageRead.value && storageSettings(storageRead.value);
  if (storage) checkStorage(storage, storageRead.root, storageRead.complaints);
  const names = agentReads.map(({ agentId }) => agentId);
  if (thresholdsRead.value)
    checkThresholds(
      thresholdsRead.value,
      (agentId) => ({ known: names.includes(agentId), remedy: agentRemedy(agentId, names) }),
      thresholdsRead.root,
      thresholdsRead.complaints,
    );

  findCredentialsIn(texts, found);
  const thresholds = thresholdsRead.value;
  if (!orchestrator || !storage || !thresholds || !defaultsRead.value) return undefined;
  const defaults = agentDefaults(defaultsRead.value, thresholdsFor(thresholds, undefined));
  const agents = agentReads
    .filter((read): read is AgentRead & { value: AgentFile } => read.value !== undefined)
    .map(({ agentId, value }): AgentSettings => {
      return { agentId, ...mergeAgent(value, defaults), thresholds: thresholdsFor(thresholds, agentId) };
    })
    .sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  return deepFreeze({
    revision: revisionOf(texts),
    agents,
    agentDefaults: defaults,
    sharedSources: defaultsRead.value.sources ?? [],
    agentListen: agentListen(defaultsRead.value.listen),
    orchestrator,
    storage,
  });
}

/** What a field has refused already needs no second complaint. */
function findCredentialsIn(texts: ConfigTexts, found: Complaint[]): void {
  const refused = new Set(found.map(({ file, line }) => `${file}:${line}`));
  for (const [file, text] of texts)
    found.push(...findCredentials(file, text).filter(({ line }) => !refused.has(`${file}:${line}`)));
}

interface FileRead<T> {
  readonly value: T | undefined;
  readonly root: Located | undefined;
  readonly complaints: FileComplaints;
}

async function readFileAs<T>(
  file: string,
  field: Field<T>,
  texts: ConfigTexts,
  found: Complaint[],
): Promise<FileRead<T>> {
  const complaints = new FileComplaints(file, found);
  const text = texts.get(file);
  const before = found.length;
  const root = text === undefined ? undefined : await parseYaml(text, complaints);
  if (found.length > before) return { value: undefined, root, complaints };
  // An absent or empty file reads as an empty group: all defaults.
  const value = root === undefined ? defaultOf(withDefault(field, {}, '')) : field.read(root, '', complaints);
  return { value, root, complaints };
}

interface AgentRead extends FileRead<AgentFile> {
  readonly agentId: string;
}

async function readAgents(texts: ConfigTexts, found: Complaint[]): Promise<readonly AgentRead[]> {
  const reads: AgentRead[] = [];
  const owners = new Map<string, string>();
  for (const file of texts.keys()) {
    if (!file.startsWith(`${AGENTS_FOLDER}/`) || file === `${AGENTS_FOLDER}/_defaults.yaml`) continue;
    const read = await readFileAs(file, agentFile, texts, found);
    const stem = file.slice(AGENTS_FOLDER.length + 1, -'.yaml'.length).toUpperCase();
    const agentId = read.value?.agent_id ?? stem;
    const owner = owners.get(agentId);
    if (parseAgentId(agentId) === undefined)
      read.complaints.add(undefined, '', 'has a name that cannot be an agent_id', 'give it an agent_id');
    else if (owner !== undefined)
      read.complaints.add(
        undefined,
        'agent_id',
        `is ${JSON.stringify(agentId)}, as in ${owner}`,
        'use one file an AI agent',
      );
    owners.set(agentId, owner ?? file);
    reads.push({ ...read, agentId });
  }
  return reads;
}

function agentRemedy(agentId: string, names: readonly string[]): string {
  const meant = nearest(agentId, names);
  return meant ? `did you mean ${meant}?` : `add ${AGENTS_FOLDER}/${agentId.toLowerCase()}.yaml, or remove it`;
}

/** The same files give the same revision, wherever they lie. */
function revisionOf(texts: ConfigTexts): string {
  if (texts.size === 0) return 'built-in';
  const hash = createHash('sha256');
  for (const [file, text] of texts) hash.update(`${file}\0${Buffer.byteLength(text)}\0${text}`);
  return hash.digest('hex').slice(0, 12);
}

function configInvalid(dir: string, found: readonly Complaint[]): NervesysError {
  const complaints = sortComplaints(found).map(formatComplaint);
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
