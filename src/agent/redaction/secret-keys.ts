import type { SecretKind } from '../../contract/redaction.ts';

/*
 * Names of settings, fields and headers whose value is a credential: `DB_PASSWORD`, `client-secret`, `spring.datasource.password`,
 * `secretAccessKey`. The end of a name decides: `password_policy` and `token_count` are about a credential, not one.
 */

/** Remembered, as a log has few different names; emptied when full. */
const known = new Map<string, SecretKind | undefined>();
const KNOWN_MAX = 4_096;
const KEY_LENGTH_MAX = 96;

/** The kind of what stands under this name; `undefined` when it is no credential. */
export function secretKeyKind(key: string): SecretKind | undefined {
  if (key.length < 3 || key.length > KEY_LENGTH_MAX) return undefined;
  if (known.has(key)) return known.get(key);
  const kind = judge(key);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, kind);
  return kind;
}

const PASSWORD =
  /(?:(?:password|passwd|passphrase|passcode)s?(?:confirmation|confirm|repeat|again|plain|plaintext|raw)?|pwds?|requirepass|masterauth|mnemonic|(?:seed|recovery|backup)phrase|wpapsk|(?:storepass|keypass|passin|passout)|סיסמ[הא]|הסיסמ[הא])$/;
/** Whole names, too short to end others. */
const PASSWORD_NAME = /^(?:psk|presharedkey)$/;
/** `pass` alone also ends `bypass` and `compass`, and counts tests. */
const PASS =
  /(?:^|[_.\- ])pass$|[a-z]Pass$|(?:^|[_.\- ])(?:db|user|smtp|ftp|mail|root|admin|my|redis|mysql|pg|proxy|http|ssh|auth|login)pass$/;
const AWS_SECRET = /secretaccesskey$|aws(?:secret|secretkey)$/;
const AZURE = /(?:accountkey|sharedaccesskey)$/;
const SECRET =
  /(?:secrets?|credential|secretkey(?:base)?|secretvalue|privatekey|signingkey|encryptionkey|masterkey|hmackey|clientkey|sharedkey|consumersecret)$/;
const API_KEY = /(?:apikeys?|accesskey|subscriptionkey|authkey|servicekey|licensekey)$/;
const TOKEN = /tokens?$/;
/** Tokens that page through results, and those that models read. */
const NO_SECRET_TOKEN =
  /(?:^|_)(?:next|page|pagination|continuation|sync|resume|cursor|start|stop|eos|bos|pad|unk|sep|cls|mask|special|end|first|last|per|max|min|total|new|input|output|prompt|completion|cached|num|sampling|usage|reasoning|syntax|unexpected|thinking|text|image|audio)_?tokens?$|[a-z]_?tokens$|^tokens$/;
/** Long random values under `…_KEY` and `x-…-key`, but for keys that name a thing or may be known. */
const SOME_KEY = /[a-z0-9][_-]key$/i;
const NO_SECRET_KEY =
  /(?:cache|foreign|partition|sort|object|public|pub|idempotency|dedup\w*|routing|row|map|hash|group|index|lookup|translation|host|sort|range|shard|storage_object|query|message|record|unique|composite|natural|surrogate|order|issue|project|site|known|verify|publishable|anon|i18n|locale|s3|etag|file|path|dict|json|blob|answer|hot|short)[_-]key$/i;
const SECRET_TOKENS = /(?:access|auth|refresh|api|bearer|secret)tokens$/;
const AUTHORIZATION = /authorization$/;

function judge(key: string): SecretKind | undefined {
  const bare = key.replace(/(?:\[\]|[\d_.-])+$/, '');
  const compact = bare.toLowerCase().replace(/[_.\- ]/g, '');
  if (PASSWORD.test(compact) || PASSWORD_NAME.test(compact) || PASS.test(bare) || PASS.test(bare.toLowerCase()))
    return 'password';
  if (AWS_SECRET.test(compact)) return 'aws_secret_key';
  if (AZURE.test(compact)) return 'azure_key';
  if (SECRET.test(compact)) return 'secret';
  if (API_KEY.test(compact)) return 'api_key';
  if (AUTHORIZATION.test(compact)) return 'authorization';
  if (/(?:^|[_.-])auth$/i.test(bare)) return 'token';
  if (TOKEN.test(compact) && (SECRET_TOKENS.test(compact) || !NO_SECRET_TOKEN.test(snaked(bare)))) return 'token';
  if (/(?:^|_)pat$/i.test(bare)) return 'token'; // a personal access token
  if (SOME_KEY.test(snaked(bare)) && !NO_SECRET_KEY.test(snaked(bare))) return 'service_key';
  return undefined;
}

/** `maxTokens`, `max-tokens`: both are `max_tokens`. */
function snaked(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[.\- ]/g, '_')
    .toLowerCase();
}

/** What stands where a value would: nothing, a mask, a reference to a variable, a word about it. */
const EMPTY =
  /^(?:\*+|x{3,}|X{3,}|\.{2,}|•+|-+|_+|#+|…|<.*>|\$\{.*|\$\(.*|\$[A-Za-z_]\w*(?:[^\w$!#%^*].*)?|\{\{.*|\{[\w.]*\}|%[sdv@].*|%\(.*|@\w+@|\[.*\]|.*\[redacted.*|.*\$\{.*)$/is;
const WORDS = new Set(
  (
    'null none nil undefined true false yes no on off ok n/a na unset set empty missing required invalid incorrect wrong expired ' +
    'changed change reset hidden masked redacted filtered removed omitted present absent weak strong valid unknown optional ' +
    'failed failure success successful succeeded accepted denied rejected granted mismatch matches authentication unavailable disabled enabled ' +
    'rotated revoked loaded updated created deleted verified cleared saved stored forgotten provided needed ' +
    'string str text varchar char bytes byte any number int integer boolean bool object secretstr buffer uint8array array optional[str] ' +
    'str|none string|undefined string|null character varying void unknown never value placeholder changeme_please example hash hashed encrypted'
  ).split(' '),
);
const PROSE =
  /\b(?:must|required?|should|shall|characters?|invalid|incorrect|blank|cannot|can't|can’t|couldn't|please|does not|do not|is not|isn't|too (?:short|long|weak)|missing|expired|expires|enter|has been|was|were|will|not (?:be|match|found|set|valid))\b/i;

/** Whether this is no credential whatever name it stands under. */
export function isPlaceholder(value: string): boolean {
  const beginning = value.slice(0, 160).trim();
  if (!/[\p{L}\p{N}]/u.test(beginning) || WORDS.has(beginning.toLowerCase().replace(/[.,;:!?]+$/, ''))) return true;
  if (/^(?:required|nullable|sometimes|string|confirmed|optional)\|/.test(beginning)) return true; // rules of a form
  return EMPTY.test(beginning) || TO_BE_REPLACED.test(beginning) || (beginning.includes(' ') && PROSE.test(beginning));
}

/** What examples tell to put there. */
const TO_BE_REPLACED =
  /^(?:your|insert|replace|enter|put|add)[-_ ](?:[A-Za-z0-9]+[-_ ]){0,4}(?:password|passwd|key|token|secret|pat|here|me|this)\b|^change[-_]me$|[-_]here$/i;

/** The shell's working directory has the name of a password. */
export function isWorkingDirectory(key: string, value: string): boolean {
  return /^(?:old)?pwd$/i.test(key) && /^(?:[/~]|\.{1,2}(?:\/|$)|[A-Za-z]:[\\/])/.test(value);
}

/** `projects/acme/secrets/db/versions/3`, `prod/db/password-1`: where a credential is kept. */
export function isPlace(value: string): boolean {
  return /^[a-z][a-z0-9-]{0,40}(?:\/[a-z0-9-]{1,40}){2,}$/.test(value);
}

/** `default/my-secret`, `team-api-key`: the name of a credential, kept by whoever knows it. */
const SLUG = /^[a-z]+(?:[-_/.:][a-z]+)*$/i;

/** Longer than words of settings are, without anything between. */
export const LONG_WORD = /^[A-Za-z]{16,}$/;

/** Whether a quoted or otherwise clearly delimited value is one of its kind. */
export function isSecretValue(kind: SecretKind, value: string): boolean {
  if (isPlaceholder(value)) return false;
  if (kind === 'password') return true;
  if (kind === 'service_key') return isMachineMade(value);
  if ((/^\d+$/.test(value) && value.length < 20) || isPlace(value)) return false;
  if (kind === 'token')
    return value.length >= 12 && !/\s/.test(value) && hasDigitOrCases(value) && /[A-Za-z]/.test(value);
  if (kind === 'authorization') return value.length >= 6 && hasDigitOrCases(value);
  return (
    value.length >= 8 &&
    !(SLUG.test(value) && !hasDigitOrCases(value) && !LONG_WORD.test(value)) &&
    !/\s\S+\s/.test(value.slice(0, 80))
  );
}

/** A slash only in the Base64 of 32 or 64 bytes: paths have others. */
const MACHINE_MADE = /^(?:base64:)?(?:[A-Za-z0-9+_-]{24,512}={0,2}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)$/;

/** Random letters of both cases and digits; no hash, no UUID, no path. */
export function isMachineMade(value: string): boolean {
  return MACHINE_MADE.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value);
}

/** Digits, or both cases in a way that no word or sentence begins with. */
export function hasDigitOrCases(value: string): boolean {
  const beginning = value.slice(0, 128);
  return (
    /\d/.test(beginning) || (/[a-z][A-Z]/.test(beginning) && beginning.length >= 10) || /[+/=]{1,2}$/.test(beginning)
  );
}
