import { sha256Hex } from '../../platform/digest.ts';
import { randomToken } from '../../platform/random.ts';

/** 32 random bytes, base64url: nothing to guess, so a plain SHA-256 keeps it (a slow hash is for what people choose). */
export function newSecret(): string {
  return randomToken(32);
}

/** What the database keeps of a secret: SHA-256, hex. */
export function hashSecret(secret: string): string {
  return sha256Hex(secret);
}

/** Whether a text can be one of our secrets; anything else isn't worth a query. */
export function looksLikeSecret(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
