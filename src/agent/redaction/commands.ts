import { prefixedAt } from './prefixes.ts';
import { isPlaceholder } from './secret-keys.ts';
import { isHardWord } from './sentences.ts';
import { isAlnum, type SecretSpan, TokenRuns } from './text.ts';

/*
 * Passwords given to programs by options that don't say so: `curl -u user:…`, `mysql -p…`, `docker login -p …`, `echo … | sudo -S`. Which option
 * it is depends on the program, so each is looked for behind the name of one.
 */

interface Command {
  /** What the command line begins with. */
  readonly word: string;
  /** The option, as far as its value. */
  readonly option: string;
}

/** Between two arguments: a space, or `", "` in a list of them, as often escaped as may be. */
const GAP = `(?:[ \\t\\0]{1,4}|\\\\{0,4}["'],? ?(?=\\\\{0,4}["']))`;
const QUOTE = `\\\\{0,4}["']?`;

export const COMMANDS: readonly Command[] = [
  { word: 'mysql', option: '-p' },
  { word: 'mariadb', option: '-p' },
  { word: 'sshpass', option: `-p(?:${GAP})?` },
  { word: 'docker login', option: `-p${GAP}` },
  { word: 'podman login', option: `-p${GAP}` },
  { word: 'registry login', option: `-p${GAP}` },
  { word: 'az login', option: `-p${GAP}` },
  { word: 'mongo', option: `-p${GAP}` },
  { word: 'twine upload', option: `-p${GAP}` },
  { word: 'redis-cli', option: `-a${GAP}` },
  { word: '7z ', option: '-p' },
  { word: '7za ', option: '-p' },
  { word: 'unzip ', option: `-P${GAP}` },
  { word: 'zip -', option: `P${GAP}` },
  { word: 'ldapsearch', option: `-w${GAP}` },
  { word: 'ldapmodify', option: `-w${GAP}` },
  { word: 'ldapadd', option: `-w${GAP}` },
  { word: 'ldapwhoami', option: `-w${GAP}` },
  { word: 'snmp', option: `-[AX]${GAP}` },
  { word: 'smbclient', option: `-U${GAP}${QUOTE}[\\w.\\\\-]{1,64}%` },
  { word: 'openssl ', option: `(?:-k${GAP}|-pass(?:in|out)?${GAP}${QUOTE}pass:)` },
  { word: 'sqlcmd', option: `-P(?:${GAP})?` },
  { word: 'mosquitto_', option: `-P${GAP}` },
  { word: 'htpasswd', option: `-[a-zA-Z]*b[a-zA-Z]*${GAP}\\S{1,64}${GAP}\\S{1,64}${GAP}` },
  { word: 'net use', option: `/user:\\S{1,64}${GAP}` },
  { word: 'rabbitmqctl', option: `(?:add_user|change_password)${GAP}\\S{1,64}${GAP}` },
  { word: 'ssh-keygen', option: `-N${GAP}` },
  { word: 'put-parameter', option: `--value${GAP}` },
  { word: 'secret set', option: `(?:--body|-b)${GAP}` },
  { word: 'convertto-securestring', option: '(?:-String )?' },
];

const LINE_LENGTH_MAX = 320;
const VALUE = `(?:"([^"\\n]{3,128})"|'([^'\\n]{3,128})'|${QUOTE}([^\\s"'\\\\|;<>]{3,128}))`;
const OPTIONS = new Map(COMMANDS.map(({ word, option }) => [word, new RegExp(`${GAP}${QUOTE}${option}${VALUE}`)]));
OPTIONS.set('zip -', new RegExp(`P${GAP}${VALUE}`));

/** The password on the command line that begins with `word` at `start`. */
export function findInCommand(text: string, start: number, end: number): SecretSpan | undefined {
  if (isAlnum(text, start - 1)) return undefined;
  const option = OPTIONS.get(text.slice(start, end).toLowerCase());
  const line = lineBehind(text, end - (text[end - 1] === ' ' ? 1 : 0));
  const match = option?.exec(line.text);
  if (match === null || match === undefined) return undefined;
  const value = (match[1] ?? match[2] ?? match[3])!;
  if (isPlaceholder(value) || /^[\d:./]+$/.test(value) || value.startsWith('-')) return undefined;
  const at = line.start + match.index + match[0].lastIndexOf(value);
  return prefixedAt(text, at, new TokenRuns()) ?? { start: at, end: at + value.length, kind: 'password' };
}

function lineBehind(text: string, start: number): { readonly text: string; readonly start: number } {
  const part = text.slice(start, start + LINE_LENGTH_MAX);
  const stop = part.search(/[\n;|]|\\n|&&/);
  return { text: stop === -1 ? part : part.slice(0, stop), start };
}

const USER_AND_PASSWORD = new RegExp(
  `(?:${GAP}|=)?${QUOTE}(?![a-z]{2,12}://)[\\w.@+\\\\-]{0,64}:([^\\s"'\\\\|;<>]{3,128})`,
  'y',
);

/** `-u user:…`, `--user user:…`, `--auth user:…`, `("user", "…")` aside. */
export function findUserOption(text: string, _start: number, end: number): SecretSpan | undefined {
  USER_AND_PASSWORD.lastIndex = end;
  const value = USER_AND_PASSWORD.exec(text)?.[1];
  if (value === undefined || isPlaceholder(value) || /^\d{1,5}$|^\/\//.test(value)) return undefined;
  const last = USER_AND_PASSWORD.lastIndex;
  // Others have a `-u`, too: for a group, or a filter.
  if (!isHardWord(value, true) && !/curl|wget|https?\b/.test(text.slice(Math.max(0, end - 120), end))) return undefined;
  const start = last - value.length;
  return prefixedAt(text, start, new TokenRuns()) ?? { start, end: last, kind: 'password' };
}

const ECHO_LENGTH_MAX = 200;
const ECHO = /(?:echo|printf)(?: -n)? \\{0,4}["']?([^\s"'|\\]{3,128})\\{0,4}["']? ?\| ?[^|\n]*$/;

/** `echo … | sudo -S`, `echo … | docker login --password-stdin`: it stands before the word. */
export function findEchoed(text: string, start: number): SecretSpan | undefined {
  const before = text.slice(Math.max(0, start - ECHO_LENGTH_MAX), start);
  const echo = Math.max(before.lastIndexOf('echo '), before.lastIndexOf('printf '));
  if (echo === -1) return undefined;
  const match = ECHO.exec(before.slice(echo));
  const value = match?.[1];
  if (value === undefined || isPlaceholder(value)) return undefined;
  const at = Math.max(0, start - ECHO_LENGTH_MAX) + echo + match![0].indexOf(value);
  return { start: at, end: at + value.length, kind: 'password' };
}

const LOGIN = /(?: (?:as|with|to \S{1,40} (?:as|with)))? \\{0,4}["'`]?[\w.@-]{1,64}\s?[:/]\s?([^\s"'`\\,;<>]{4,128})/iy;

/** `login with admin:…`, `logged in as bob/…` */
export function findLogin(text: string, _start: number, end: number): SecretSpan | undefined {
  LOGIN.lastIndex = end;
  const value = LOGIN.exec(text)?.[1]?.replace(/[.):]+$/, '');
  if (value === undefined || isPlaceholder(value) || value.startsWith('//') || !isHardWord(value, false))
    return undefined;
  const start = text.lastIndexOf(value, LOGIN.lastIndex);
  return { start, end: start + value.length, kind: 'password' };
}

const CREDENTIALS =
  /(?:ential)?s?\\{0,4}["']?(?:[ \t]{1,2}(?:are|is|were))?\s?[:=]?\s{0,2}\\{0,4}["']?[\w.@-]{1,64}\s?[:/]\s?([^\s"'\\,;<>]{4,128})/iy;

/** `credentials: bob / …`, `creds admin:…`, `user/pass: bob/…` */
export function findCredentials(text: string, _start: number, end: number): SecretSpan | undefined {
  CREDENTIALS.lastIndex = end;
  const value = CREDENTIALS.exec(text)?.[1]?.replace(/[.)]+$/, '');
  if (value === undefined || isPlaceholder(value) || !isHardWord(value, true)) return undefined;
  const start = text.indexOf(value, Math.max(end, CREDENTIALS.lastIndex - value.length - 2));
  return { start, end: start + value.length, kind: 'password' };
}

const ARGUMENT = /^-{1,2}[A-Za-z]/;

/**
 * Which arguments of a program, given one by one, are passwords: found by reading them as the line they make. Only what stands whole
 * in one argument is told.
 */
export function secretArguments(items: readonly unknown[]): ReadonlyMap<number, SecretSpan> {
  const found = new Map<number, SecretSpan>();
  if (items.length < 2 || items.length > ARGUMENTS_MAX || !items.some(isOption)) return found;
  const texts = items.map((item) => (typeof item === 'string' ? item.slice(0, ARGUMENT_LENGTH_MAX) : '-'));
  const line = texts.join(' ');
  const spans: SecretSpan[] = [];
  const lower = line.toLowerCase();
  for (const { word } of COMMANDS) {
    const at = lower.indexOf(word);
    if (at === -1) continue;
    const span = findInCommand(line, at, at + word.length);
    if (span !== undefined) spans.push(span);
  }
  for (const flag of [' -u', ' --user', ' --auth']) {
    const at = line.indexOf(flag);
    if (at === -1) continue;
    const span = findUserOption(line, at, at + flag.length);
    if (span !== undefined) spans.push(span);
  }
  let start = 0;
  for (const [index, each] of texts.entries()) {
    for (const span of spans) {
      if (span.start < start || span.start >= start + each.length) continue;
      found.set(index, { ...span, start: span.start - start, end: Math.min(span.end - start, each.length) });
    }
    start += each.length + 1;
  }
  return found;
}

const ARGUMENTS_MAX = 64;
const ARGUMENT_LENGTH_MAX = 256;

function isOption(item: unknown): boolean {
  return typeof item === 'string' && ARGUMENT.test(item);
}
