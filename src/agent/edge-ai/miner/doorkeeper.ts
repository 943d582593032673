/** Fingerprints that are remembered: a text that comes again within about so many others is known. A power of two. */
const FINGERPRINTS = 8_192;

/**
 * Remembers which masked texts came lately, in 32 KB. Once the miner is full it takes in a text only when it comes for the second time, so that
 * text which never comes again costs neither memory nor anybody's place.
 */
export class Doorkeeper {
  readonly #seen = new Int32Array(FINGERPRINTS);

  /** Whether a text of this key came lately; from now on it did. */
  knows(keyHigh: number, keyLow: number): boolean {
    const at = keyHigh & (FINGERPRINTS - 1);
    // 0 stands for nothing.
    const fingerprint = keyLow | 1;
    if (this.#seen[at] === fingerprint) return true;
    this.#seen[at] = fingerprint;
    return false;
  }
}
