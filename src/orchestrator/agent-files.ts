import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { AgentManifest } from '../contract/agent-files.ts';
import { NERVESYS_VERSION } from '../contract/version.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';

export type AgentFileName = 'bundle' | 'node' | 'unit' | 'bootstrap';

/** Where the files for a new server lie on this machine, absolute; `bundle` may have to be built first. */
export interface AgentFilePlaces {
  readonly bundle: () => Promise<string | undefined>;
  readonly node: string;
  readonly unit: string;
  readonly bootstrap: string;
}

interface Hashed {
  readonly sha256: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

/** What a new server needs, handed out by the orchestrator with the hash of each. */
export class AgentFiles {
  readonly #places: AgentFilePlaces;
  readonly #hashed = new Map<string, Hashed>();

  constructor(places: AgentFilePlaces) {
    this.#places = places;
  }

  async manifest(): Promise<AgentManifest> {
    const [bundle, node, unit] = await Promise.all(
      (['bundle', 'node', 'unit'] as const).map(async (name) => this.#hash(await this.#place(name))),
    );
    return {
      version: NERVESYS_VERSION,
      bundle_sha256: bundle!.sha256,
      bundle_bytes: bundle!.bytes,
      node_sha256: node!.sha256,
      node_bytes: node!.bytes,
      node_version: process.version,
      node_platform: process.platform,
      node_arch: process.arch,
      unit_sha256: unit!.sha256,
    };
  }

  /** The hash of the script that bare hosts begin with; `undefined` where there is none to hand out. */
  async bootstrapSha256(): Promise<string | undefined> {
    try {
      return (await this.#hash(this.#places.bootstrap)).sha256;
    } catch (error) {
      if (errorCode(error) === 'NSV_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** An open file and its length; whoever reads closes it. */
  async open(name: AgentFileName): Promise<{ readonly file: FileHandle; readonly bytes: number }> {
    const file = await open(await this.#place(name), 'r').catch((error: unknown) => {
      throw missing(name, error);
    });
    const { size } = await file.stat();
    return { file, bytes: size };
  }

  async #place(name: AgentFileName): Promise<string> {
    const place = this.#places[name];
    const path = typeof place === 'string' ? place : await place();
    if (path === undefined) throw missing(name);
    return path;
  }

  /** Read once for each state of the file: Node alone is 120 MB. */
  async #hash(path: string): Promise<Hashed> {
    const file = await open(path, 'r').catch((error: unknown) => {
      throw missing(path, error);
    });
    try {
      const { size, mtimeMs } = await file.stat();
      const known = this.#hashed.get(path);
      if (known !== undefined && known.bytes === size && known.mtimeMs === mtimeMs) return known;
      const hash = createHash('sha256');
      for await (const chunk of createReadStream('', { fd: file.fd, autoClose: false, start: 0 })) hash.update(chunk);
      const hashed = { sha256: hash.digest('hex'), bytes: size, mtimeMs };
      this.#hashed.set(path, hashed);
      return hashed;
    } finally {
      await file.close();
    }
  }
}

function missing(what: string, cause?: unknown): NervesysError {
  return new NervesysError(
    'NSV_NOT_FOUND',
    `this orchestrator has no ${what} to hand out${cause === undefined ? '' : ` (${errorCode(cause)})`}`,
    { hint: 'make the one-file agent where it runs: npm run bundle:agent', cause },
  );
}
