import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode, NervesysError } from '../../../platform/errors.ts';

/** Versions that llama.cpp reads. */
const VERSIONS: ReadonlySet<number> = new Set([2, 3]);
/** Magic, version, and the numbers of tensors and of entries. */
const HEADER_BYTES = 24;
/** No model has more of either: a file of random bytes does not pass. */
const COUNT_MAX = 1_000_000n;

export interface GgufFile {
  readonly version: number;
  readonly sizeBytes: number;
  /** Epoch ms. */
  readonly changedAt: number;
}

/** Looks at a file's beginning. Rejects what no program for GGUF models would load with `NSV_MODEL_UNUSABLE`. */
export function readGgufHeader(path: string): GgufFile {
  const hint = 'get one with `nervesys model pull`, or correct its path';
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const found = errorCode(error) === 'ENOENT' ? 'there is none' : `it cannot be opened (${errorCode(error)})`;
    throw new NervesysError('NSV_MODEL_UNUSABLE', `read the model ${path}: ${found}`, { hint });
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile())
      throw new NervesysError('NSV_MODEL_UNUSABLE', `read the model ${path}: it is no file`, { hint });
    const head = Buffer.alloc(HEADER_BYTES);
    const length = readSync(file, head, 0, HEADER_BYTES, 0);
    const version = length === HEADER_BYTES && head.toString('latin1', 0, 4) === 'GGUF' ? head.readUInt32LE(4) : 0;
    const counts = [head.readBigUInt64LE(8), head.readBigUInt64LE(16)];
    if (version === 0 || counts.some((count) => count === 0n || count > COUNT_MAX))
      throw new NervesysError('NSV_MODEL_UNUSABLE', `read the model ${path}: it is no GGUF file`, { hint });
    if (!VERSIONS.has(version))
      throw new NervesysError('NSV_MODEL_UNUSABLE', `read the model ${path}: it is GGUF of version ${version}`, {
        hint: 'versions 2 and 3 of little endian are read',
      });
    return { version, sizeBytes: stat.size, changedAt: stat.mtimeMs };
  } finally {
    closeSync(file);
  }
}
