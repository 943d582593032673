/** The weights are held in memory whole, and beside them what has been read, and the library: a tenth of that for small models, most for large ones. */
const BESIDE_WEIGHTS_BYTES = 800_000_000;

/** What a model of a file of this size is to be allowed, in whole gigabytes; rather more than it takes. */
export function modelMemoryBytes(fileSizeBytes: number): number {
  return Math.ceil((fileSizeBytes + BESIDE_WEIGHTS_BYTES) / 1e9) * 1e9;
}
