import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import { withDeadline } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { CredentialIssuer, IssuedKeys, IssueRequest } from './issuer.ts';

export interface UplinkIssuerOptions {
  /** A name on the path, or an absolute path. */
  readonly program: string;
  readonly bucket: string;
  /** The auth service that `uplink access register` talks to; absent: the program's own default. */
  readonly authService?: string | undefined;
  /** The orchestrator's own access grant: a secret. */
  readonly grant: string;
  readonly clock: Clock;
  /** Where the program is looked for; the usual places of a Linux host by default. */
  readonly path?: string | undefined;
}

const PATH_DEFAULT = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Both steps together; the first asks nobody, the second one service. */
const DEADLINE_MS = 20_000;
/** What the program prints is a few lines. */
const OUTPUT_BYTES_MAX = 64 * 1024;
const SAID_LENGTH_MAX = 300;
/** Names within the program's own folder of grants, which lives as long as one call. */
const OWN = 'nervesys';
const RESTRICTED = 'restricted';

/**
 * Credentials for Storj by its own program: `uplink access restrict` derives a grant that may only upload below the prefix until its end, and
 * `uplink access register` makes S3 keys of it. Such a grant can't overwrite either: Storj wants the right to delete for that.
 *
 * A grant is never an argument, which every process of the machine could read. The program finds ours in `access.json` of a folder that
 * is made for one call (0700, its files 0600), puts the restricted one beside it, and the folder goes with the call.
 */
export class UplinkIssuer implements CredentialIssuer {
  readonly description: string;
  readonly #options: UplinkIssuerOptions;
  #grant: string;

  constructor(options: UplinkIssuerOptions) {
    this.#options = options;
    this.#grant = options.grant;
    this.description = `uplink for bucket ${options.bucket}`;
  }

  /** Restricts this one from the next time on: it was exchanged. */
  useGrant(grant: string): void {
    this.#grant = grant;
  }

  async issue({ prefix, seconds }: IssueRequest, signal: AbortSignal): Promise<IssuedKeys> {
    const { bucket, authService, clock } = this.#options;
    const folder = await mkdtemp(join(tmpdir(), 'nervesys-uplink-')); // 0700
    try {
      const grants = JSON.stringify({ Default: OWN, Accesses: { [OWN]: this.#grant } });
      await writeFile(join(folder, 'access.json'), grants, { mode: 0o600 });
      // Without a configuration the program asks whether it may collect figures about its use.
      await writeFile(join(folder, 'config.ini'), '[analytics]\nenabled = false\n\n[metrics]\naddr =\n', {
        mode: 0o600,
      });
      const expiresAt = clock.now() + seconds * 1000;
      return await withDeadline(clock, DEADLINE_MS, signal, async (inTime) => {
        const restrict = [
          ...['--access', OWN, '--import-as', RESTRICTED],
          ...['--readonly=false', '--disallow-reads', '--disallow-lists', '--disallow-deletes'],
          ...['--prefix', `sj://${bucket}/${prefix}`, '--not-after', `+${seconds}s`],
        ];
        await this.#run(['access', 'restrict', ...restrict], folder, inTime);
        const service = authService === undefined ? [] : ['--auth-service', authService];
        const register = ['access', 'register', '--format', 'env', ...service, RESTRICTED];
        return { ...readKeys(await this.#run(register, folder, inTime)), expiresAt };
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Resolves with what it printed, where the keys are; that is never passed on, whatever becomes of it. */
  async #run(args: readonly string[], folder: string, signal: AbortSignal): Promise<string> {
    const { program, path } = this.#options;
    const attempt = `run ${program} ${args.slice(0, 2).join(' ')}`;
    const child = spawn(program, [...args, '--config-dir', folder, '--interactive=false'], {
      // Nothing of ours is handed down: STORJ_* and the rest of our environment are no business of another program.
      env: { PATH: path ?? PATH_DEFAULT, HOME: folder, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    let [out, said] = ['', ''];
    child.stdout.on('data', (data) => {
      out = (out + data).slice(0, OUTPUT_BYTES_MAX);
    });
    child.stderr.on('data', (data) => {
      said = (said + data).slice(0, OUTPUT_BYTES_MAX);
    });
    let code: number | null;
    try {
      [code] = (await once(child, 'close')) as [number | null];
    } catch (error) {
      if (signal.aborted)
        throw new NervesysError('NSV_CREDENTIALS_FAILED', `${attempt}: it did not end in time`, { retryable: true });
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EACCES') throw error;
      throw new NervesysError('NSV_CREDENTIALS_UNAVAILABLE', `${attempt}: there is no such program here`, {
        hint: "Install Storj's uplink where the orchestrator runs, or set archive.uplink.program in storage.yaml to where it is.",
      });
    }
    if (code === 0) return out;
    throw new NervesysError('NSV_CREDENTIALS_FAILED', `${attempt}: it ended with ${code}${this.#quoted(said)}`, {
      retryable: true,
      hint: 'Check STORJ_ACCESS_GRANT, the bucket, and that the auth service can be reached.',
    });
  }

  /** What it complained of, on one line, without what looks like a grant or is ours. */
  #quoted(said: string): string {
    const text = said
      .replaceAll(this.#grant, '***')
      .replace(/\b\w{40,}\b/g, '***')
      .replace(/\s+/g, ' ')
      .trim();
    return text === '' ? '' : `: ${text.slice(0, SAID_LENGTH_MAX)}`;
  }
}

/** `AWS_ACCESS_KEY_ID=…` and `AWS_SECRET_ACCESS_KEY=…`, one a line, among comments and others. */
function readKeys(text: string): { readonly accessKey: string; readonly secretKey: string } {
  const value = (name: string) => new RegExp(`^${name}=(\\S+)\\s*$`, 'm').exec(text)?.[1];
  const [accessKey, secretKey] = [value('AWS_ACCESS_KEY_ID'), value('AWS_SECRET_ACCESS_KEY')];
  if (accessKey !== undefined && secretKey !== undefined) return { accessKey, secretKey };
  throw new NervesysError('NSV_CREDENTIALS_FAILED', 'run uplink access register: it printed no keys', {
    retryable: true,
    hint: 'Is this the current uplink? It must know `access register --format env`.',
  });
}
