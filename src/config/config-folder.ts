import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../platform/errors.ts';
import { type Complaint, nearest } from './complaints.ts';
import { CONFIG_FILE_BYTES_MAX } from './yaml-file.ts';

/** The text of each settings file that exists, by its path relative to the folder (`agents/grok.yaml`), sorted. */
export type ConfigTexts = ReadonlyMap<string, string>;

/** The files that stand directly in the folder. */
export const TOP_FILES = ['thresholds.yaml', 'orchestrator.yaml', 'storage.yaml'] as const;
export const AGENTS_FOLDER = 'agents';
const DEFAULTS_FILE = '_defaults.yaml';
/** A file an AI agent; more than this in one repository is a runaway generator. */
const AGENT_FILES_MAX = 10_000;

/**
 * Reads the folder. What is absent, the folder itself too, is left out: it means defaults. A YAML file under a name that
 * nobody reads is refused, because its settings would silently not count; other files (README, schemas) are nobody's business.
 */
export async function readConfigFolder(dir: string, complaints: Complaint[]): Promise<ConfigTexts> {
  const entries = await list(dir, '', complaints);
  const agents = await list(path.join(dir, AGENTS_FOLDER), `${AGENTS_FOLDER}/`, complaints);
  const inFolders: string[] = [];
  for (const { name, isFolder } of agents)
    if (isFolder) inFolders.push(...(await list(path.join(dir, name), `${name}/`, [])).map((entry) => entry.name));
  const names = [...entries, ...agents]
    .filter(({ name, isFolder }) => !isFolder || isYaml(name))
    .map(({ name }) => name);
  const folders = entries.filter(({ name, isFolder }) => isFolder || name === AGENTS_FOLDER).map(({ name }) => name);
  const texts = new Map<string, string>();
  for (const file of chooseFiles([...names, ...inFolders], folders, complaints)) {
    const text = await readText(dir, file, complaints);
    if (text !== undefined) texts.set(file, text);
  }
  return texts;
}

/**
 * Those of the names that are read, in the order in which they are. What is named as if it were a settings file and isn't read, because of its name
 * or its place, is a complaint; and so is a folder `Agents` or `agent`, while there is no `agents`.
 */
export function chooseFiles(
  names: readonly string[],
  folders: readonly string[],
  complaints: Complaint[],
): readonly string[] {
  const wanted: string[] = [];
  for (const name of names.filter(isYaml)) {
    const [folder, file, ...deeper] = name.split('/') as [string, ...string[]];
    if (file === undefined) {
      if ((TOP_FILES as readonly string[]).includes(name)) wanted.push(name);
      else refuseName(name, complaints);
    } else if (deeper.length > 0)
      complaints.push({ file: name, problem: 'is not read', remedy: `put it into ${folder} itself` });
    else if (!file.endsWith('.yaml'))
      complaints.push({ file: name, problem: 'is not read', remedy: 'name it with .yaml at its end' });
    // It would be one AI agent more, and the defaults would not count.
    else if (file !== DEFAULTS_FILE && /^_?defaults?\.yaml$/i.test(file))
      complaints.push({ file: name, problem: 'is not read as the defaults', remedy: `did you mean ${DEFAULTS_FILE}?` });
    else wanted.push(name);
  }
  if (!folders.includes(AGENTS_FOLDER))
    for (const name of folders)
      if (/^agents?$/i.test(name))
        complaints.push({
          file: name,
          problem: 'is a folder that nobody reads',
          remedy: `did you mean ${AGENTS_FOLDER}?`,
        });
  const ofAgents = wanted.filter((name) => name.includes('/')).sort();
  if (ofAgents.length > AGENT_FILES_MAX)
    complaints.push({
      file: AGENTS_FOLDER,
      problem: `holds ${ofAgents.length} files`,
      remedy: `use at most ${AGENT_FILES_MAX}`,
    });
  return [...wanted.filter((name) => !name.includes('/')), ...ofAgents.slice(0, AGENT_FILES_MAX)].sort();
}

/** Whether it is named as a settings file. What begins with a dot is of other programs: `.pre-commit-config.yaml`, `.gitlab-ci.yml`. */
function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name) && !/(?:^|\/)\./.test(name);
}

interface Entry {
  /** Relative to the configuration's folder. */
  readonly name: string;
  readonly isFolder: boolean;
}

async function list(folder: string, prefix: string, complaints: Complaint[]): Promise<readonly Entry[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: `${prefix}${entry.name}`, isFolder: entry.isDirectory() }));
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

async function readText(dir: string, file: string, complaints: Complaint[]): Promise<string | undefined> {
  const absolute = path.join(dir, file);
  const complain = (problem: string, remedy: string) => {
    complaints.push({ file, problem, remedy });
    return undefined;
  };
  try {
    if ((await lstat(absolute)).isSymbolicLink() && !(await leadsWithin(dir, absolute)))
      return complain('is a link out of the folder', 'put the file itself there'); // a complaint would quote what it leads to
    const found = await stat(absolute);
    if (!found.isFile()) return complain('is not a file', 'make it a plain file');
    if (found.size > CONFIG_FILE_BYTES_MAX)
      return complain(`has ${found.size} bytes`, `use at most ${CONFIG_FILE_BYTES_MAX}`);
    return decodeText(await readFile(absolute), file, complaints);
  } catch (error) {
    return complain(`cannot be read (${errorCode(error)})`, 'make it a file that this user may read');
  }
}

async function leadsWithin(dir: string, link: string): Promise<boolean> {
  return (await realpath(link)).startsWith(`${await realpath(dir)}${path.sep}`);
}

/** The text of a settings file; `undefined`: it is none, which is a complaint. */
export function decodeText(body: Uint8Array, file: string, complaints: Complaint[]): string | undefined {
  const complain = (problem: string, remedy: string) => {
    complaints.push({ file, problem, remedy });
    return undefined;
  };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (!text.startsWith('version https://git-lfs.github.com/')) return text;
    return complain('is a pointer of Git LFS', 'keep settings files out of LFS, in .gitattributes');
  } catch {
    return complain('is not UTF-8 text', 'save it as UTF-8');
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
