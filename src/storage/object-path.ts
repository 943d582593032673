import { NervesysError } from '../platform/errors.ts';

/** S3's own bound on a key, UTF-8 bytes. */
const KEY_BYTES_MAX = 1024;
/** File systems' bound on one name, UTF-8 bytes; kept for S3 too, so that an archive can move into a folder. */
const PART_BYTES_MAX = 255;

/**
 * Refuses with `NSV_OBJECT_KEY_INVALID` what is not a relative path of plain names: empty parts, `.` and `..`, names that
 * start with a dot (a folder archive leaves those to the file system: `.nfs…`, `.DS_Store`), backslashes and controls.
 */
export function checkObjectKey(key: string): void {
  const complaint = keyComplaint(key);
  if (complaint === undefined) return;
  throw new NervesysError('NSV_OBJECT_KEY_INVALID', `object key ${JSON.stringify(key.slice(0, 200))} ${complaint}`);
}

/** Refuses a list prefix that is neither empty nor a key's beginning up to a `/` (Storj filters any other one by brute force). */
export function checkListPrefix(prefix: string): void {
  if (prefix === '') return;
  if (!prefix.endsWith('/')) {
    throw new NervesysError('NSV_OBJECT_KEY_INVALID', `list prefix ${JSON.stringify(prefix)} does not end in "/"`);
  }
  checkObjectKey(prefix.slice(0, -1));
}

/** What stands below these is written once, and nothing takes its place (`contract/object-key.ts`). */
const WRITTEN_ONCE = ['logs/', 'backups/', 'configs/'] as const;

/** Refuses with `NSV_OBJECT_KEY_INVALID`, besides what is no key, one whose object nothing may take the place of. */
export function checkReplaceableKey(key: string): void {
  checkObjectKey(key);
  if (!WRITTEN_ONCE.some((prefix) => key.startsWith(prefix))) return;
  throw new NervesysError(
    'NSV_OBJECT_KEY_INVALID',
    `object key ${JSON.stringify(key)} is written once and never again`,
  );
}

/** What is wrong with a relative path of plain names, in words behind its name; `undefined`: nothing is. */
export function keyComplaint(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `is longer than ${KEY_BYTES_MAX} bytes`;
  if (!key.isWellFormed()) return 'is not valid Unicode';
  if (/[\u0000-\u001f\u007f\\]/.test(key)) return 'has a control character or a backslash';
  for (const part of key.split('/')) {
    if (part === '') return 'has an empty part';
    if (part.startsWith('.')) return `has the part ${JSON.stringify(part)}, which starts with a dot`;
    if (Buffer.byteLength(part) > PART_BYTES_MAX) return `has a part longer than ${PART_BYTES_MAX} bytes`;
  }
  return undefined;
}
