import { isAlnum, type SecretSpan } from './text.ts';

/*
 * Keys of Azure's storage and databases are 64 bytes in Base64. So are some hashes: it is one where it stands under a name as `key` or `value`, which
 * services give them without saying more (`{"keyName":"key1","value":"…"}`, `{"endpoint":"…","key":"…"}`).
 */

const LENGTH = 88;
const NAME_LENGTH_MAX = 24;
const KEY = /^[A-Za-z0-9+/]{86}==$/;
const NAME = /^(?:\w{0,16}key|value)\d?$/i;
const NAME_BEFORE = /["'](?:\w{0,16}key|value)\d?\\{0,8}["']: ?\\{0,8}["']$/i;

/** Whether a field of a context is one. */
export function isStorageKey(name: string, value: string): boolean {
  return value.length === LENGTH && KEY.test(value) && NAME.test(name) && isMixed(value);
}

/** The key that ends with the `==` at `at`. */
export function findStorageKey(text: string, at: number): SecretSpan | undefined {
  const end = at + 2;
  const start = end - LENGTH;
  if (!mayBeStorageKey(text, at)) return undefined;
  const value = text.slice(start, end);
  if (!KEY.test(value) || !isMixed(value)) return undefined;
  if (!NAME_BEFORE.test(text.slice(Math.max(0, start - NAME_LENGTH_MAX - 8), start))) return undefined;
  return { start, end, kind: 'azure_key' };
}

export function mayBeStorageKey(text: string, at: number): boolean {
  const start = at + 2 - LENGTH;
  return start > 0 && (text[start - 1] === '"' || text[start - 1] === "'") && isAlnum(text, at - 1);
}

function isMixed(value: string): boolean {
  return /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value);
}
