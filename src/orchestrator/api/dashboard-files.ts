import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** One file of the built page, ready to be sent. */
export interface DashboardFile {
  readonly content: Buffer;
  /** Smaller than `content`, or undefined. */
  readonly gzipped: Buffer | undefined;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};
/** The page is some ten files and 100 KB; a folder far beyond is not the page. */
const FILES_MAX = 500;

/**
 * The built page, held in memory and read again when it was built anew. A request's path is only ever looked up among the names
 * found in the folder, never joined to it, so no path leads out of it.
 */
export class DashboardFiles {
  readonly #folder: string | undefined;
  #files: ReadonlyMap<string, DashboardFile> = new Map();
  #builtAt = -1;
  #reading: Promise<void> | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** The page's own document; undefined when it isn't built. Looks whether there is a newer build. */
  async index(): Promise<DashboardFile | undefined> {
    if (this.#folder === undefined) return undefined;
    const builtAt = await stat(join(this.#folder, 'index.html')).then(
      (found) => found.mtimeMs,
      () => undefined, // not built yet, or being built at this moment
    );
    if (builtAt !== undefined && builtAt !== this.#builtAt) {
      this.#reading ??= this.#read(builtAt).finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#files.get('index.html');
  }

  /** A file by its name below the folder, `assets/index-….js`. */
  async find(name: string): Promise<DashboardFile | undefined> {
    if (!this.#files.has(name)) await this.index();
    return this.#files.get(name);
  }

  async #read(builtAt: number): Promise<void> {
    const folder = this.#folder as string;
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const files = new Map<string, DashboardFile>();
    for (const path of paths.slice(0, FILES_MAX)) {
      files.set(relative(folder, path).split(sep).join('/'), await readOne(path));
    }
    this.#files = files;
    this.#builtAt = builtAt;
  }
}

async function readOne(path: string): Promise<DashboardFile> {
  const content = await readFile(path);
  const gzipped = await promisify(gzip)(content);
  return {
    content,
    gzipped: gzipped.length < content.length * 0.9 ? gzipped : undefined,
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  };
}
