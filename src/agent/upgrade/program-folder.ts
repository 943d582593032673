import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UPGRADE_OUTCOMES, type UpgradeOutcome, type UpgradeReport } from '../../contract/agent-upgrade.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import { sha256Hex } from '../../platform/digest.ts';

/** What stands in `program/upgrade.json` below the home. */
export interface ProgramState {
  /** The one-file agent that runs instead of the installed one; it has proved itself. Absent: none. */
  readonly current?: { readonly sha256: string; readonly version: string };
  /** How an upgrade ended, until the orchestrator knows. */
  readonly untold?: UpgradeReport;
}

const SHA256 = /^[0-9a-f]{64}$/;
const STATE_FILE = 'upgrade.json';

/**
 * The agent's own programs, `program/` below the home: what it upgraded itself to. Beside the buffer and not under its limit, for it is
 * software, of a megabyte; the installed program belongs to root as a rule, and stays what the service manager starts.
 */
export class ProgramFolder {
  readonly #folder: string;

  constructor(home: string) {
    this.#folder = join(home, 'program');
  }

  pathOf(sha256: string): string {
    return join(this.#folder, `nervesys-agent-${sha256.slice(0, 12)}.cjs`);
  }

  /** A file that is missing or can't be read says nothing. */
  async state(): Promise<ProgramState> {
    try {
      return parseState(JSON.parse(await readFile(join(this.#folder, STATE_FILE), 'utf8')));
    } catch {
      return {}; // the installed program runs, as it did before the first upgrade
    }
  }

  /** Rejects with Node's errors; the state before stands then. */
  async setState(state: ProgramState): Promise<void> {
    await writeFileAtomic(join(this.#folder, STATE_FILE), `${JSON.stringify(state)}\n`);
  }

  /** The program to run instead of the installed one; `undefined`: none, or it isn't whole any more. */
  async current(): Promise<string | undefined> {
    const { current } = await this.state();
    if (current === undefined) return undefined;
    const path = this.pathOf(current.sha256);
    return (await this.hashOf(path)) === current.sha256 ? path : undefined;
  }

  async hashOf(path: string): Promise<string | undefined> {
    return readFile(path).then(sha256Hex, () => undefined);
  }

  /** Puts a program there, whole and on the disk. Rejects with Node's errors. */
  async put(sha256: string, text: string): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700); // what is run from here is nobody else's to write
    const path = this.pathOf(sha256);
    await writeFileAtomic(path, text);
    return path;
  }

  /** Removes programs other than these. */
  async keepOnly(sha256s: readonly string[]): Promise<void> {
    const kept = new Set([STATE_FILE, ...sha256s.map((sha256) => this.pathOf(sha256).slice(this.#folder.length + 1))]);
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) if (!kept.has(name)) await rm(join(this.#folder, name), { force: true });
  }
}

function parseState(value: unknown): ProgramState {
  if (typeof value !== 'object' || value === null) return {};
  const { current, untold } = value as { current?: Record<string, unknown>; untold?: Record<string, unknown> };
  const isHash = (text: unknown): text is string => typeof text === 'string' && SHA256.test(text);
  return {
    ...(isHash(current?.['sha256']) && typeof current['version'] === 'string'
      ? { current: { sha256: current['sha256'], version: current['version'] } }
      : {}),
    ...(isHash(untold?.['bundle_sha256']) && UPGRADE_OUTCOMES.includes(untold['outcome'] as UpgradeOutcome)
      ? {
          untold: {
            bundle_sha256: untold['bundle_sha256'],
            outcome: untold['outcome'] as UpgradeOutcome,
            reason: typeof untold['reason'] === 'string' ? untold['reason'] : null,
          },
        }
      : {}),
  };
}
