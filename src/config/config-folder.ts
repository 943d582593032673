import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../platform/errors.ts';
import { type Complaint, nearest } from './complaints.ts';
import { CONFIG_FILE_BYTES_MAX } from './yaml-file.ts';

/** The text of each settings file that exists, by its path relative to the folder (`agents/grok.yaml`), sorted. */
export type ConfigTexts = ReadonlyMap<string, string>;

/** The files that stand directly in the folder. */
export const TOP_FILES = ['thresholds.yaml', 'orchestrator.yaml', 'storage.yaml'] as const;
export const AGENTS_FOLDER = 'agents';
/** A file an AI agent; more than this in one repository is a runaway generator. */
const AGENT_FILES_MAX = 10_000;

/**
 * Reads the folder. What is absent, the folder itself too, is left out: it means defaults. A YAML file under a name that
 * nobody reads is refused, because its settings would silently not count; other files (README, schemas) are nobody's business.
 */
export async function readConfigFolder(dir: string, complaints: Complaint[]): Promise<ConfigTexts> {
  const top = await listYaml(dir, '', complaints);
  const agents = await listYaml(path.join(dir, AGENTS_FOLDER), `${AGENTS_FOLDER}/`, complaints);
  for (const name of top) if (!(TOP_FILES as readonly string[]).includes(name)) refuseName(name, complaints);
  for (const name of agents)
    if (!name.endsWith('.yaml'))
      complaints.push({
        file: `${AGENTS_FOLDER}/${name}`,
        problem: 'is not read',
        remedy: 'name it with .yaml at its end',
      });
  if (agents.length > AGENT_FILES_MAX)
    complaints.push({
      file: AGENTS_FOLDER,
      problem: `holds ${agents.length} files`,
      remedy: `use at most ${AGENT_FILES_MAX}`,
    });

  const wanted = [
    ...top.filter((name) => (TOP_FILES as readonly string[]).includes(name)),
    ...agents
      .filter((name) => name.endsWith('.yaml'))
      .slice(0, AGENT_FILES_MAX)
      .map((name) => `${AGENTS_FOLDER}/${name}`),
  ].sort();
  const texts = new Map<string, string>();
  for (const file of wanted) {
    const text = await readText(path.join(dir, file), file, complaints);
    if (text !== undefined) texts.set(file, text);
  }
  return texts;
}

async function listYaml(folder: string, prefix: string, complaints: Complaint[]): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith('.'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    complaints.push({
      file: prefix === '' ? folder : prefix,
      problem: `cannot be listed (${errorCode(error)})`,
      remedy: 'make it a folder that this user may read',
    });
    return [];
  }
}

async function readText(absolute: string, file: string, complaints: Complaint[]): Promise<string | undefined> {
  const complain = (problem: string, remedy: string) => {
    complaints.push({ file, problem, remedy });
    return undefined;
  };
  try {
    const found = await stat(absolute);
    if (!found.isFile()) return complain('is not a file', 'make it a plain file');
    if (found.size > CONFIG_FILE_BYTES_MAX)
      return complain(`has ${found.size} bytes`, `use at most ${CONFIG_FILE_BYTES_MAX}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(absolute));
  } catch (error) {
    if (error instanceof TypeError) return complain('is not UTF-8 text', 'save it as UTF-8');
    return complain(`cannot be read (${errorCode(error)})`, 'make it a file that this user may read');
  }
}

function refuseName(name: string, complaints: Complaint[]): void {
  const meant = nearest(name.replace(/\.ya?ml$/i, '.yaml'), TOP_FILES);
  complaints.push({
    file: name,
    problem: 'is a file that nobody reads',
    remedy: meant ? `did you mean ${meant}?` : `use ${TOP_FILES.join(', ')} or ${AGENTS_FOLDER}/<name>.yaml`,
  });
}
