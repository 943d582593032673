import type { Complaint } from '../complaints.ts';
import { AGENTS_FOLDER, TOP_FILES } from '../config-folder.ts';

/** Runs git on the bare copy: its standard output. */
export type Git = (args: readonly string[], input?: string) => Promise<Buffer>;

export interface SettingsFiles {
  /** Path relative to the configuration's folder → what it holds. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly complaints: readonly Complaint[];
}

const FILES_MAX = 20_000;
const FILE_BYTES_MAX = 256 * 1024;
const LINK = '120000';
const PATH_REMEDY = "correct git.path in the orchestrator's own orchestrator.yaml, or put the folder there";

/**
 * The settings files of a commit, read out of the repository and never checked out: only plain files under names that nobody can mistake. What is
 * absent would mean defaults, for the whole fleet; so a folder that isn't there, or that holds no settings at all, is a mistake and not a wish.
 */
export async function readSettingsFiles(git: Git, sha: string, path: string): Promise<SettingsFiles> {
  const folder = path.split('/').filter((part) => part !== '' && part !== '.');
  const listed = await listFolder(git, sha, folder);
  if (listed.length === 0) return { files: new Map(), complaints: [await whyNothing(git, sha, folder)] };

  const complaints: Complaint[] = [];
  const complain = (file: string, problem: string, remedy: string) => void complaints.push({ file, problem, remedy });
  const entries = [...listed];
  const agents = listed.find(({ name }) => name === AGENTS_FOLDER);
  if (agents?.kind === 'a folder') {
    const inside = await listFolder(git, sha, [...folder, AGENTS_FOLDER]);
    entries.push(...inside.map((entry) => ({ ...entry, name: `${AGENTS_FOLDER}/${entry.name}` })));
  } else if (agents !== undefined)
    complain(AGENTS_FOLDER, `is ${agents.kind}, not a folder`, 'put the folder itself there');
  if (entries.length > FILES_MAX)
    complain(folder.join('/') || '.', `holds ${entries.length} files`, `use at most ${FILES_MAX}`);

  const wanted: Entry[] = [];
  for (const entry of entries.slice(0, FILES_MAX)) {
    const { name, kind, sizeBytes } = entry;
    if (!/\.ya?ml$/i.test(name)) continue; // nobody's business
    const shown = name.replace(/[\p{Cc}\ufffd]/gu, '?');
    if (shown !== name || name.includes('\\') || name.startsWith('.'))
      complain(shown, 'has an odd name', 'use letters, digits, - and _');
    else if (kind !== 'a file') complain(name, `is ${kind}, not a file`, FILE_REMEDY);
    else if (sizeBytes > FILE_BYTES_MAX) complain(name, `has ${sizeBytes} bytes`, `use at most ${FILE_BYTES_MAX}`);
    else wanted.push(entry);
  }
  if (wanted.length === 0 && complaints.length === 0)
    complain(
      folder.join('/') || '.',
      'holds no settings file',
      `${PATH_REMEDY}, with ${TOP_FILES.join(', ')} or ${AGENTS_FOLDER}/<name>.yaml in it`,
    );
  return { files: await readBlobs(git, wanted), complaints };
}

const FILE_REMEDY = 'put the file itself there';

interface Entry {
  readonly name: string;
  readonly kind: 'a file' | 'a folder' | 'a link' | 'a submodule';
  readonly object: string;
  readonly sizeBytes: number;
}

/** What stands directly in a folder; nothing where there is no such folder. */
async function listFolder(git: Git, sha: string, folder: readonly string[]): Promise<readonly Entry[]> {
  return list(git, sha, folder.map((part) => `${part}/`).join(''));
}

async function list(git: Git, sha: string, path: string): Promise<readonly Entry[]> {
  const args = ['ls-tree', '-z', '--full-tree', '--long', sha, ...(path === '' ? [] : ['--', path])];
  const lines = (await git(args)).toString('latin1').split('\0');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [, mode, type, object = '', size, full = ''] =
        /^(\d{6}) (\w+) +([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line) ?? [];
      const name = Buffer.from(full.slice(full.lastIndexOf('/') + 1), 'latin1').toString('utf8');
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

async function readBlobs(git: Git, wanted: readonly Entry[]): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  if (wanted.length === 0) return files;
  const output = await git(['cat-file', '--batch'], `${wanted.map(({ object }) => object).join('\n')}\n`);
  let at = 0;
  for (const { name } of wanted) {
    const end = output.indexOf(0x0a, at);
    const sizeBytes = Number(output.toString('latin1', at, end).split(' ')[2]);
    files.set(name, output.subarray(end + 1, end + 1 + sizeBytes));
    at = end + 1 + sizeBytes + 1;
  }
  return files;
}
