import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { isLoopbackHost } from '../../platform/loopback.ts';
import { formatDuration, formatSize } from '../../platform/quantity.ts';

/** What opens a repository; secrets never become arguments, addresses or log lines. */
export interface GitCredentials {
  /** For https: a token of GitHub, GitLab, …. */
  readonly token?: string | undefined;
  /** For ssh: absolute paths. */
  readonly sshKeyFile?: string | undefined;
  readonly knownHostsFile?: string | undefined;
}

export interface GitOptions {
  /** The bare repository, absolute. */
  readonly gitDir: string;
  readonly repository: string;
  readonly credentials: GitCredentials;
  /** Where git and what it starts (ssh, …) are looked for, written as PATH is; the usual folders are looked in after it. */
  readonly searchPath?: string | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly more?: GitSurroundings | undefined;
  /** The repository on our disk may not outgrow this; past it git is killed. */
  readonly bytesMax: number;
}

/** Further settings of git, and environment for what it starts. */
export interface GitSurroundings {
  readonly settings: readonly (readonly [key: string, value: string])[];
  readonly env: Readonly<Record<string, string>>;
}

const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;
/** What git answers is more than anybody reads: folders that hold each other, say. */
export const ENDLESS = 'its listing has no end';
const SAID_LENGTH_MAX = 400;
const SIZE_CHECK_MS = 250;

/**
 * Runs git with nothing of this machine's or user's settings, no prompts, no hooks, no redirects and no other protocol than the repository's own.
 * Resolves with standard output; rejects with `NSV_GIT_FAILED` and git's last words or the time it had, or with the signal's reason.
 */
export async function runGit(
  options: GitOptions,
  args: readonly string[],
  signal?: AbortSignal,
  input?: string,
): Promise<Buffer> {
  const { clock, timeoutMs, gitDir, bytesMax } = options;
  return withDeadline(clock, timeoutMs, signal, async (within) => {
    const child = spawn('git', ['--git-dir', gitDir, ...args], {
      env: environment(options),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true, // its helpers (ssh, remote-https) are of its group, and end with it
    });
    let tooMuch: string | undefined;
    const end = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        child.kill('SIGKILL'); // it has ended already, or never began
      }
    };
    within.addEventListener('abort', end, { once: true });
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) {
        if ((await sizeOf(gitDir)) > bytesMax) {
          tooMuch = tooLarge(bytesMax);
          end();
          return;
        }
        await clock.sleep(SIZE_CHECK_MS, done.signal).catch(() => undefined); // it has ended
      }
    })();
    const output: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= OUTPUT_BYTES_MAX) output.push(chunk);
      else {
        tooMuch = ENDLESS;
        end();
      }
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
    child.stdin.on('error', () => undefined); // it ended before it read all
    child.stdin.end(input);
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      within.throwIfAborted();
      if (code === 0 && (await sizeOf(gitDir)) > bytesMax) tooMuch ??= tooLarge(bytesMax);
      if (code !== 0 || tooMuch !== undefined)
        throw failed(options, tooMuch ?? lastWords(options, said), tooMuch === undefined ? code : null);
      return Buffer.concat(output);
    } catch (error) {
      if (error instanceof NervesysError || signal?.aborted) throw error;
      if (within.aborted) throw failed(options, `git ${args[0]} had not ended after ${formatDuration(timeoutMs)}`);
      throw failed(
        options,
        `git cannot be run (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); is it installed?`,
      );
    } finally {
      within.removeEventListener('abort', end);
      done.abort();
      await watching;
    }
  });
}

function tooLarge(bytesMax: number): string {
  return `it is larger than ${formatSize(bytesMax)}, one commit deep`;
}

/** The address as it may be shown: without what stands before an @. */
export function shownRepository(repository: string): string {
  return repository.replace(/:\/\/[^/@]*@/, '://');
}

function failed({ repository, gitDir }: GitOptions, reason: string, exitCode: number | null = null): NervesysError {
  return new NervesysError('NSV_GIT_FAILED', `follow ${shownRepository(repository)}: ${reason}`, {
    retryable: true,
    hint: /No space left on device|Disk quota exceeded/.test(reason)
      ? `the last good configuration holds; make room where the copy is: ${gitDir}`
      : 'the last good configuration holds; check the address, the branch and what opens the repository (NERVESYS_GIT_*)',
    facts: exitCode === null ? {} : { exitCode },
  });
}

/** What git says after whoever it started has said what is wrong. */
const EMPTY_WORDS =
  /^(?:fatal: Could not read from remote repository\.|Please make sure you have the correct access rights|and the repository exists\.|fatal: (?:fetch-pack: )?(?:unpack-objects|index-pack) failed|fatal: fetch-pack: invalid index-pack output|fatal: fsck error in .*|error: \w+ died of signal \d+)$/;

/** The last line that says something, git's own or of what it started, without addresses that hold a password. */
function lastWords({ credentials }: GitOptions, said: string): string {
  const lines = said.split('\n').map((one) => one.replace(/\p{Cc}/gu, ' ').trim());
  const telling = lines.filter((one) => one !== '' && !EMPTY_WORDS.test(one));
  const line =
    telling.findLast((one) => /^(fatal|error|remote|ERROR|ssh|Host key)|Permission denied/.test(one)) ??
    telling.at(-1) ??
    lines.findLast((one) => one !== '');
  if (line === undefined) return 'git failed and said nothing';
  if (/returned error: 30\d/.test(line)) return 'it redirects elsewhere, which is not followed; name the new address';
  if (/could not read (?:Username|Password)/.test(line))
    return credentials.token === undefined
      ? 'it is not there, or not open to everybody: it asks for a token, and none is given'
      : 'it does not take the token that is given';
  return line.replace(/:\/\/[^/@\s]*@/g, '://').slice(0, SAID_LENGTH_MAX);
}

function environment({ repository, credentials, searchPath, more }: GitOptions): NodeJS.ProcessEnv {
  const { token, sshKeyFile, knownHostsFile } = credentials;
  const settings: (readonly [string, string])[] = [
    ['core.hooksPath', '/dev/null'],
    ['core.symlinks', 'false'],
    ['transfer.fsckObjects', 'true'],
    ['fetch.recurseSubmodules', 'false'],
    ['gc.auto', '0'],
    ['core.bigFileThreshold', '1m'], // larger files are taken in a piece at a time: 500 MB of zeros, 600 KB on the wire, took 516 MB of memory
    ['http.followRedirects', 'false'], // git sends the token wherever it is sent to
    ['http.lowSpeedLimit', '500'],
    ['http.lowSpeedTime', '30'],
    ...(more?.settings ?? []),
  ];
  if (token !== undefined && /^https?:/.test(repository)) {
    // For this origin alone; what it redirects to is not followed.
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
    settings.push([`http.${new URL(repository).origin}/.extraHeader`, `Authorization: Basic ${basic}`]);
  }
  const quote = (path: string) => `'${path.replaceAll("'", `'\\''`)}'`;
  const ssh = [
    'ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o ConnectTimeout=15',
    ...(sshKeyFile === undefined ? [] : [`-i ${quote(sshKeyFile)}`]),
    ...(knownHostsFile === undefined ? [] : [`-o ${quote(`UserKnownHostsFile=${sshWord(knownHostsFile)}`)}`]),
  ].join(' ');
  return {
    PATH: programFolders(searchPath),
    HOME: '/nonexistent',
    LC_ALL: 'C',
    ...more?.env,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: protocolOf(repository),
    GIT_NO_LAZY_FETCH: '1',
    GIT_SSH_COMMAND: ssh,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/**
 * The only protocol git may speak: the repository's own. http is for this machine alone: beyond it anybody could read the token, and change what
 * is fetched.
 */
function protocolOf(repository: string): string {
  if (!repository.includes('://')) return repository.startsWith('/') ? 'file' : 'ssh';
  const url = URL.canParse(repository) ? new URL(repository) : undefined;
  if (url?.protocol === 'http:') return isLoopbackHost(url.hostname) ? 'http' : 'none';
  return ['https:', 'ssh:', 'file:'].find((one) => one === url?.protocol)?.slice(0, -1) ?? 'none';
}

/**
 * What `ls-remote` and `fetch` are told besides. Git serves no folder that is another user's, and whether it may anyway is asked of settings that
 * count for nothing here; whoever names the repository has said so.
 */
export function remoteOptions(repository: string): readonly string[] {
  return protocolOf(repository) === 'file' ? ["--upload-pack=git -c safe.directory='*' upload-pack"] : [];
}

/** In an option of ssh a blank divides one file from the next, and % begins what it fills in. */
function sshWord(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}

const USUAL_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where programs are looked for, written as PATH is. A relative part would be looked up wherever git happens to stand: left out. */
export function programFolders(searchPath = ''): string {
  const own = searchPath.split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set([...own, ...USUAL_FOLDERS.split(':')])].join(':');
}

/** Bytes in the files of a folder; what goes away meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
