import { readFile } from 'node:fs/promises';
import { randomHex } from '../../platform/random.ts';

/**
 * Which process this is, of all that ever show this server's key. It is never written down: a copied disk would copy it, and it is there
 * to tell a copied machine from its original. Two that take turns under one key are two machines.
 */
export interface Incarnation {
  /** 16 hex digits, new at each start. */
  readonly id: string;
  /** Tells a restarted agent from a restarted host; null where the kernel doesn't say. */
  readonly bootId: string | null;
}

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

export async function readIncarnation(): Promise<Incarnation> {
  const text = await readFile(BOOT_ID_FILE, 'utf8').catch(() => ''); // not Linux
  return { id: randomHex(8), bootId: text.trim() || null };
}
