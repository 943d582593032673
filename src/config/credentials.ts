import type { Complaint } from './complaints.ts';

/**
 * Credentials that somebody put into the configuration, comments included: it lives in Git, where nothing that was committed once is
 * secret any more. By the forms that services give their keys, by names like `password:`, and by how random a word looks. A finding is a
 * complaint, so it must hardly ever be wrong: what only may be one is let pass, and a line that ends with `# not a secret` is believed.
 */
export function findCredentials(file: string, text: string): readonly Complaint[] {
  const found: Complaint[] = [];
  let number = 0;
  let isPublic = false;
  for (const line of text.split('\n')) {
    number++;
    isPublic = (isPublic && !PUBLIC_END.test(line)) || PUBLIC_BEGIN.test(line);
    if (isPublic && /^\s*[A-Za-z0-9+/=]*$/.test(line)) continue;
    if (line.length < LENGTH_LEAST || TRUSTED.test(line)) continue;
    const credential = inLine(line.slice(0, LINE_LENGTH_MAX));
    if (credential === undefined) continue;
    found.push({
      file,
      line: number,
      column: credential.at + 1,
      problem: `holds what looks like ${credential.what}`,
      remedy:
        'take it out of Git and make another; secrets come from the environment (.env.example). If it is none, end the line with `# not a secret`',
    });
    if (found.length >= FINDINGS_MAX) break;
  }
  return found;
}

/** No credential is shorter, with anything that tells it is one. */
const LENGTH_LEAST = 8;
/** A longer line is no line of settings; what is behind is not looked at. */
const LINE_LENGTH_MAX = 4_096;
const FINDINGS_MAX = 20;
/** An armoured public key, which is made to be shown. */
const PUBLIC_BEGIN = /-----BEGIN PGP PUBLIC KEY BLOCK-----\s*$/;
const PUBLIC_END = /-----END PGP PUBLIC KEY BLOCK-----/;
const TRUSTED = /#\s*not a secret\s*$/i;

interface Credential {
  readonly at: number;
  readonly what: string;
}

/** What services give their keys; each pattern has bounded repetitions that don't overlap. */
const FORMS: readonly (readonly [what: string, form: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['a Google API key', /\bAIza[A-Za-z0-9_-]{30,45}/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{30,80}|github_pat_[A-Za-z0-9_]{30,100})/],
  ['a GitLab token', /\bgl(?:pat|cbt|dt|rt|ptt|ft|soat)-[A-Za-z0-9_-]{18,80}/],
  [
    'a key of an AI service',
    /\b(?:sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,200}|xai-[A-Za-z0-9]{40,120}|gsk_[A-Za-z0-9]{30,80}|hf_[A-Za-z0-9]{30,60})/,
  ],
  [
    'a Slack token',
    /\bxox[abeprs]-[A-Za-z0-9-]{10,120}|hooks\.slack\.com\/services\/T[A-Za-z0-9]{5,20}\/B[A-Za-z0-9]{5,20}\/[A-Za-z0-9]{15,40}/,
  ],
  [
    'the address of a webhook, which is its secret',
    /\bdiscord(?:app)?\.com\/api\/webhooks\/\d{10,25}\/[A-Za-z0-9_-]{30,100}|\bwebhook\.office\.com\/webhookb2\/[A-Za-z0-9@-]{30,100}\/|\blogic\.azure\.com[^\s]{1,500}[?&]sig=[A-Za-z0-9_%-]{20,100}/,
  ],
  ['a token of ntfy', /\btk_[a-z0-9]{29}\b/],
  [
    'a token of a service',
    /\b(?:npm_[A-Za-z0-9]{36}|dop_v1_[a-f0-9]{64}|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|ya29\.[A-Za-z0-9_-]{20,300}|pypi-AgE[A-Za-z0-9_-]{50,300}|AGE-SECRET-KEY-1[A-Z0-9]{58})/,
  ],
  ['what a request authorises itself by', /\b(?:Basic|Bearer) (?=[A-Za-z+/_.=-]{0,100}\d)[A-Za-z0-9+/_.=-]{20,400}/],
  ['a token of Vault', /\bhv[sbr]\.[A-Za-z0-9_-]{20,200}/],
  ['a Telegram bot token', /\b\d{8,10}:AA[A-Za-z0-9_-]{30,40}/],
  ['a key of Stripe', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,120}/],
  ['a Nervesys token', /\bnsv1\.[A-Za-z0-9_-]{40,2000}/],
  ['a JSON web token', /\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,1000}/],
  ['a password in an address', /:\/\/[^\s:/@'"]{0,200}:(?!\*|\$|<|…|password@|\.\.\.)[^\s/@'"]{3,200}@/],
];

/** `storj_secret_key: …`. A value that names where the secret is, or holds its place, is none. */
const NAMED =
  /(?:^|[\s{,#'"-])([A-Za-z0-9_.-]{0,60}(?:password|passwd|passphrase|(?<![A-Za-z])(?:pass|pwd)|secret|token|(?:api|access|private|routing|integration)_?key|credential)s?(?:_?(?:key|id))?)["']?\s*[:=]\s*["']?([^\s"'#,}]{8,512})/gi;
const PLACEHOLDER =
  /^(?:[[(\\^.]|\$|<|\{|\/|\.{1,2}\/|~\/|…|x{4,}|\*{3,}|changeme|example|your|my[-_]|the[-_]|placeholder|redacted|env:|vault:|file:|https?:|true|false|null|none)/i;
/** Of a word without a name beside it, which has so many characters at least. */
const WORD_LENGTH_LEAST = 32;
const WORD = /(?<![A-Za-z0-9+/_=.-])[A-Za-z0-9+/_=-]{32,512}(?![A-Za-z0-9+/_=.-])/g;
/** So begin OpenSSH's public keys, digests as npm and browsers write them, and PNG, GIF, JPEG, SVG and WebP in base64: made to be shown. */
const PUBLIC = /^(?:AAAA[A-Z]|sha(?:256|384|512)-|iVBORw0KGgo|R0lGOD|\/9j\/|PHN2Zy|UklGR)/;
/** `folder_id: …`: who or what it is, and no key to it. */
const IDENTITY = /(?:^|[\s{,'"])(?!\w{0,60}(?:key|secret|token)_id)(?:[a-z]\w{0,60}_)?id["']?\s*:\s*["']?$/i;
/** Bits a character: words of languages, paths and names stay below it, base64 of random bytes at 32 characters is above. */
const RANDOM_BITS = 4.2;

function inLine(line: string): Credential | undefined {
  for (const [what, form] of FORMS) {
    const match = form.exec(line);
    if (match !== null) return { at: match.index, what };
  }
  for (const { 1: name = '', 2: value = '', index, 0: whole } of line.matchAll(NAMED)) {
    if (/_(?:file|path|url|endpoint|id)$/i.test(name) || PLACEHOLDER.test(value)) continue;
    if (isPartlyRandom(value))
      return { at: index + whole.lastIndexOf(value), what: `the value of a secret (${name.slice(0, 60)})` };
  }
  for (const { 0: word, index } of line.matchAll(WORD)) {
    if (PUBLIC.test(word) || IDENTITY.test(line.slice(Math.max(0, index - 100), index))) continue;
    // Folders are named by chance too, a piece here and there: of a path one part must be random by itself.
    const parts = word.startsWith('/') ? word.split('/').filter(({ length }) => length >= WORD_LENGTH_LEAST) : [word];
    if (parts.some(isRandomKey)) return { at: index, what: 'a random key' };
  }
  return undefined;
}

/** A password needn't be random, but something in it is no word: digits or signs among letters. */
function isPartlyRandom(value: string): boolean {
  return (
    /\d/.test(value) &&
    /[A-Za-z]/.test(value) &&
    !/^[a-z]+[-_a-z]*\d{0,2}$/i.test(value) &&
    !/^\d+(?:\.\d+)?[a-zA-Z]{1,3}$/.test(value)
  );
}

function isRandomKey(word: string): boolean {
  return kindsOf(word) === 3 && !word.includes('//') && entropyBits(word) >= RANDOM_BITS && !isWords(word);
}

/** Kinds of characters among small letters, capitals and digits. */
function kindsOf(word: string): number {
  return [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(word)).length;
}

/** `AIGARDEN01/some-Long_Name-2024`: parts that are words, as paths and names have. */
function isWords(word: string): boolean {
  const parts = word.split(/[/_=+-]+/).filter((part) => part !== '');
  return parts.length > 1 && parts.every((part) => /^(?:[A-Z]?[a-z]+|[A-Z]+|\d{1,8}|[A-Za-z]+\d{1,4})$/.test(part));
}

/** Shannon's entropy of its characters. */
function entropyBits(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / word.length) * Math.log2(count / word.length);
  return bits;
}
