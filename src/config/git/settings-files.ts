import { NervesysError } from '../../platform/errors.ts';
import type { Complaint } from '../complaints.ts';
import { AGENTS_FOLDER, type ConfigTexts, chooseFiles, decodeText, TOP_FILES } from '../config-folder.ts';
import { CONFIG_FILE_BYTES_MAX } from '../yaml-file.ts';
import { ENDLESS } from './run-git.ts';

/** Runs git on the bare copy: its standard output. */
export type Git = (args: readonly string[], input?: string) => Promise<Buffer>;

const FILES_MAX = 20_000;
/** Of all files together; they are held in memory, and go through one answer of git. 10,000 AI agents of 3 KB each. */
const BYTES_MAX = 30_000_000;
const LINK = '120000';
const PATH_REMEDY =
  'correct the path where the repository is named (git.path, or config.path of an agent), or put the folder there';

/**
 * The settings files of a commit, read out of the repository and never checked out: only plain files under names that nobody can mistake. What is
 * absent would mean defaults, for the whole fleet; so a folder that isn't there, or that holds no settings at all, is a mistake and not a wish.
 */
export async function readSettingsFiles(
  git: Git,
  sha: string,
  path: string,
  complaints: Complaint[],
): Promise<ConfigTexts> {
  const folder = path.split('/').filter((part) => part !== '' && part !== '.');
  const listed = await listFolder(git, sha, folder);
  if (listed.length === 0) {
    complaints.push(await whyNothing(git, sha, folder));
    return new Map();
  }
  const found: Complaint[] = [];
  const complain = (file: string, problem: string, remedy: string) => void found.push({ file, problem, remedy });
  const entries = new Map(listed.map((entry) => [entry.name, entry]));
  const agents = entries.get(AGENTS_FOLDER);
  if (agents?.kind === 'a folder') {
    const inside = await listFolder(git, sha, [...folder, AGENTS_FOLDER], ['-r', '-t']).catch((error: unknown) => {
      if (!(error instanceof NervesysError && error.message.endsWith(ENDLESS))) throw error;
      complain(AGENTS_FOLDER, 'holds more than is listed', 'keep nothing but settings files there');
      return [];
    });
    for (const entry of inside) entries.set(`${AGENTS_FOLDER}/${entry.name}`, entry);
  } else if (agents !== undefined)
    complain(AGENTS_FOLDER, `is ${agents.kind}, not a folder`, 'put the folder itself there');
  if (entries.size > FILES_MAX)
    complain(folder.join('/') || '.', `holds ${entries.size} files`, `use at most ${FILES_MAX}`);

  const names = [...entries]
    .filter(([name, { kind }]) => kind !== 'a folder' || /\.ya?ml$/i.test(name))
    .map(([name]) => name);
  const folders = listed.filter(({ kind }) => kind === 'a folder').map(({ name }) => name);
  const wanted: [name: string, entry: Entry][] = [];
  for (const name of chooseFiles(names.slice(0, FILES_MAX), [...folders, ...(agents ? [AGENTS_FOLDER] : [])], found)) {
    const entry = entries.get(name)!;
    const { kind, sizeBytes } = entry;
    if (/[\p{Cc}\ufffd\\]/u.test(name)) complain(name, 'has an odd name', 'use letters, digits, - and _');
    else if (kind !== 'a file') complain(name, `is ${kind}, not a file`, FILE_REMEDY);
    else if (sizeBytes > CONFIG_FILE_BYTES_MAX)
      complain(name, `has ${sizeBytes} bytes`, `use at most ${CONFIG_FILE_BYTES_MAX}`);
    else wanted.push([name, entry]);
  }
  if (wanted.length === 0 && found.length === 0)
    complain(
      folder.join('/') || '.',
      'holds no settings file',
      `${PATH_REMEDY}, with ${TOP_FILES.join(', ')} or ${AGENTS_FOLDER}/<name>.yaml in it`,
    );
  const bytes = wanted.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
  if (bytes > BYTES_MAX)
    complain(folder.join('/') || '.', `holds ${bytes} bytes of settings`, `use at most ${BYTES_MAX}`);
  // What git takes for a name may break a line, or whatever shows it.
  complaints.push(...found.map((one) => ({ ...one, file: one.file.replace(/[\p{Cc}\ufffd]/gu, '?').slice(0, 300) })));
  return bytes > BYTES_MAX ? new Map() : readBlobs(git, wanted, complaints);
}

const FILE_REMEDY = 'put the file itself there';

interface Entry {
  readonly name: string;
  readonly kind: 'a file' | 'a folder' | 'a link' | 'a submodule';
  readonly object: string;
  readonly sizeBytes: number;
}

/** What stands in a folder, by its name relative to it; nothing where there is no such folder. */
async function listFolder(
  git: Git,
  sha: string,
  folder: readonly string[],
  options: readonly string[] = [],
): Promise<readonly Entry[]> {
  const path = folder.map((part) => `${part}/`).join('');
  const entries = await list(git, sha, path, options);
  return entries
    .filter(({ name }) => name.startsWith(path))
    .map((entry) => ({ ...entry, name: entry.name.slice(path.length) }));
}

async function list(git: Git, sha: string, path: string, options: readonly string[] = []): Promise<readonly Entry[]> {
  const args = ['ls-tree', '-z', '--full-tree', '--long', ...options, sha, ...(path === '' ? [] : ['--', path])];
  const lines = (await git(args)).toString('latin1').split('\0');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [, mode, type, object = '', size, full = ''] =
        /^(\d{6}) (\w+) +([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line) ?? [];
      const name = Buffer.from(full, 'latin1').toString('utf8');
      const kind =
        mode === LINK ? 'a link' : type === 'commit' ? 'a submodule' : type === 'tree' ? 'a folder' : 'a file';
      return { name, kind, object, sizeBytes: Number(size) || 0 };
    });
}

/** Git keeps no empty folders: one that lists nothing isn't there, or is something else. Says which, of the first part that is wrong. */
async function whyNothing(git: Git, sha: string, folder: readonly string[]): Promise<Complaint> {
  for (let depth = 1; depth <= folder.length; depth++) {
    const file = folder.slice(0, depth).join('/');
    const [entry] = await list(git, sha, file);
    if (entry?.kind === 'a folder') continue;
    const problem = entry === undefined ? 'is not in the repository' : `is ${entry.kind}, not a folder`;
    return { file, problem: `${problem} (commit ${sha.slice(0, 12)})`, remedy: PATH_REMEDY };
  }
  return { file: folder.join('/') || '.', problem: 'is empty', remedy: PATH_REMEDY };
}

async function readBlobs(
  git: Git,
  wanted: readonly (readonly [name: string, entry: Entry])[],
  complaints: Complaint[],
): Promise<ConfigTexts> {
  const texts = new Map<string, string>();
  if (wanted.length === 0) return texts;
  const output = await git(['cat-file', '--batch'], `${wanted.map(([, { object }]) => object).join('\n')}\n`);
  let at = 0;
  for (const [name] of wanted) {
    const end = output.indexOf(0x0a, at);
    const sizeBytes = Number(output.toString('latin1', at, end).split(' ')[2]);
    if (!Number.isInteger(sizeBytes))
      throw new NervesysError('NSV_GIT_FAILED', `read ${name}: our copy of the repository is damaged`, {
        retryable: true,
        hint: 'it is fetched anew with the next look; the last good configuration holds',
      });
    const text = decodeText(output.subarray(end + 1, end + 1 + sizeBytes), name, complaints);
    if (text !== undefined) texts.set(name, text);
    at = end + 1 + sizeBytes + 1;
  }
  return texts;
}
