import type { SecretKind } from '../../contract/redaction.ts';
import { findBasic, findBearer } from './authorization.ts';
import { findStorageKey, mayBeStorageKey } from './azure.ts';
import { COMMANDS, findCredentials, findEchoed, findInCommand, findLogin, findUserOption } from './commands.ts';
import { findCookieOption, findCookies } from './cookies.ts';
import { findKeyed, mayBeKeyed } from './keyed.ts';
import { awsSecretBehind, PREFIX_RULES, telegramAt } from './prefixes.ts';
import { findEncodedKey, findPrivateKey, findPuttyKey } from './private-key.ts';
import { findSaid, findSaidBefore, isHardWord } from './sentences.ts';
import { isAlnum, isDigit, isWordStart, type SecretSpan, TokenRuns } from './text.ts';
import { type Trigger, TriggerScanner } from './trigger-scanner.ts';
import {
  findAppId,
  findDigestResponse,
  findDiscord,
  findDsnPassword,
  findEncodedUrlPassword,
  findFunctionCode,
  findNamedSignature,
  findOraclePassword,
  findSignature,
  findSlackPath,
  findSlackWebhook,
  findSqlplusPassword,
  findTwilio,
  findUrlPassword,
  mayHaveUserInfo,
} from './urls.ts';

/** One, or several from left to right, as of a header of cookies. */
type Found = SecretSpan | readonly SecretSpan[] | undefined;

/** A short word that every credential of some kind contains, and what to look at around it. */
export interface Detector extends Trigger {
  /** The credential around the word at `start`, in decoded text. Reads a bounded part of the text. */
  readonly find: (text: string, start: number, end: number, runs: TokenRuns) => Found;
  /** The same as a quick guess that never says no wrongly, also on text with JSON's escapes. */
  readonly may: (text: string, start: number, end: number, runs: TokenRuns) => boolean;
}

const never = (): undefined => undefined;

/** A word rare enough in logs that a line which has it may be decoded and looked at. */
function rare(text: string, find: Detector['find'], ignoreCase = true): Detector {
  return { text, ignoreCase, find, may: () => true };
}

/** Names within sentences. What they are for decides how a value has to look. */
const SAID: Readonly<Record<string, SecretKind>> = {
  passw: 'password',
  passphrase: 'password',
  passcode: 'password',
  pwd: 'password',
  'pw:': 'password',
  'pw=': 'password',
  'pw is': 'password',
  'pass ': 'password',
  'key ': 'api_key',
  'secret ': 'secret',
  'token ': 'token',
  סיסמ: 'password',
  מפתח: 'api_key',
  טוקן: 'token',
  אסימון: 'token',
  סוד: 'secret',
  'קוד גישה': 'password',
};

/** A word beyond ASCII is looked for in bytes, too, which are read as Latin-1. */
const said: readonly Detector[] = Object.entries(SAID).flatMap(([text, kind]): Detector[] => {
  const find: Detector['find'] = (all, start, end) => sentence(all, start, end, kind);
  const here: Detector = { text, ignoreCase: true, find, may: text.endsWith(' ') ? mayBeTold : mayBeSaid };
  const utf8 = Buffer.from(text).toString('latin1');
  return utf8 === text ? [here] : [here, rare(utf8, never, false)];
});

const PASSWORD_NAME = /^(?:passwords?|passwd|passphrases?|passcodes?|pwd)$/i;
/** Keys by which something is found. */
const NO_SECRET_KEY =
  /(?:cache|primary|foreign|sort|public|partition|object|unique|index|composite|registry|dictionary|map|hash|group|routing|idempotency|lookup|row)[ -]$/i;
const SECRET_KEY = /(?:api|access|secret|private|auth|account|license|encryption|signing|master)[ -]$/i;
/** Whose `pass` is no pass of tests, nor a verb. */
const PASS_BEFORE = /(?:temp|temporary|my|user|admin|root|db|new|old|your|wifi|wi-fi|with|master) $/i;
const BEFORE_MAX = 16;

/** What follows the name in the sentence; the rest of a word, and the `s` of a plural, belong to the name. */
function sentence(text: string, start: number, end: number, kind: SecretKind): Found {
  if (!isWordStart(text, start) && kind !== 'api_key') return undefined;
  const verb = /(?: is|[ :=])$/i.exec(text.slice(start, end))?.[0] ?? '';
  let at = end - verb.length;
  const most = end + 8;
  if (verb === '') while (at < most && /[\u05d0-\u05eaa-z]/i.test(text[at] ?? ' ')) at++;
  if (kind === 'password' && verb === '' && isAlnum(text, start) && !PASSWORD_NAME.test(text.slice(start, at)))
    return undefined;
  if (verb === ' ' && kind === 'password')
    return findSaid(text, at, kind, PASS_BEFORE.test(text.slice(Math.max(0, start - BEFORE_MAX), start)));
  if (kind !== 'api_key' || !isAlnum(text, start)) return findSaid(text, at, kind);
  const before = text.slice(Math.max(0, start - BEFORE_MAX), start);
  if (NO_SECRET_KEY.test(before) || (before !== '' && !/[\s"'([*_-]$/.test(before))) return undefined;
  const isNamed = SECRET_KEY.test(before);
  return findSaid(text, at, before.endsWith('secret access ') ? 'aws_secret_key' : kind, isNamed);
}

/** A space behind it, or more of a word. */
function mayBeSaid(text: string, start: number, end: number): boolean {
  return isWordStart(text, start) && !'"=,.;)]}/_-'.includes(text[end] ?? '"');
}

const TOLD = /(?:is|was|for|of|on|are|to|now|below)\b|[-:=→]|\\{0,8}["'`(<*]|[\w+/=.-]{12}/iy;

/** A verb, a sign or a long word behind the space. */
function mayBeTold(text: string, start: number, end: number): boolean {
  TOLD.lastIndex = end;
  return (
    TOLD.test(text) ||
    text.charCodeAt(end) > 127 ||
    PASS_BEFORE.test(text.slice(Math.max(0, start - BEFORE_MAX), start))
  );
}

const commands: readonly Detector[] = COMMANDS.map(({ word }) => rare(word, findInCommand));

const prefixed: readonly Detector[] = PREFIX_RULES.map(({ prefix, find }) => ({
  text: prefix,
  ignoreCase: false,
  find: (text, start, _end, runs) => {
    const found = find(text, start, runs);
    const pair = found?.kind === 'aws_access_key' ? awsSecretBehind(text, found.end) : undefined;
    return found === undefined || pair === undefined ? found : [found, pair];
  },
  may: (text, start, end, runs) => prefix.endsWith('~') || (isWordStart(text, start) && runs.end(text, end) - end >= 8),
}));

/** Each stands in every name that tells of a credential (`secretKeyKind`); the name around it decides. */
const keyed: readonly Detector[] = [
  'pass',
  'pwd',
  'secret',
  'token',
  'auth',
  'key',
  'api key',
  'psk',
  'mnemonic',
  'phrase',
  'cred',
  '_pat',
].map((text) => ({
  text,
  ignoreCase: true,
  isName: true,
  isCounted: text === 'token',
  find: findKeyed,
  may: mayBeKeyed,
}));

function slashes(text: string): Detector {
  return {
    text,
    ignoreCase: false,
    find: (all, start, _end, runs) => findUrlPassword(all, start, text, runs),
    may: mayHaveUserInfo,
  };
}

export const DETECTORS: readonly Detector[] = [
  { text: '-----BEGIN ', ignoreCase: false, find: findPrivateKey, may: () => true },
  ...prefixed,
  ...keyed,
  {
    text: 'bearer',
    ignoreCase: true,
    find: findBearer,
    may: (text, _start, end, runs) => {
      let at = end;
      while (at < end + 4 && text[at] === ' ') at++;
      return at > end && runs.end(text, at) - at >= 4;
    },
  },
  {
    text: 'basic ',
    ignoreCase: true,
    find: findBasic,
    may: (text, start, end, runs) => isWordStart(text, start) && runs.end(text, end) - end >= 8,
  },
  ...said,
  ...commands,
  ...[' -u', ' -a ', '"-u', "'-u", '--user', '--auth'].map((text) => rare(text, findUserOption, false)),
  rare('sudo -s', findEchoed),
  rare('password-stdin', findEchoed),
  rare('chpasswd', findEchoed),
  ...['as password', 'as the password', 'as a password', 'is the password', 'is my password'].map((text) =>
    rare(text, findSaidBefore),
  ),
  ...['login', 'log in', 'logged in'].map((text) =>
    rare(`${text} `, (all, start, end) => findLogin(all, start, end - 1)),
  ),
  ...[' -b "', " -b '", ' -b \\"'].map((text) => rare(text, findCookieOption, false)),
  rare('cred', findCredentials),
  rare('user/pass', findCredentials),
  rare('cookie', findCookies),
  rare('ls0tls1crudjti', findEncodedKey),
  rare('Private-Lines:', findPuttyKey, false),
  rare('identified by', (text, _start, end) => findSaid(text, end, 'password')),
  rare('signature=', findNamedSignature),
  rare('response=', findDigestResponse, false),
  rare('discord', findDiscord),
  rare('twilio', findTwilio),
  rare('%3a%2f%2f', findEncodedUrlPassword),
  rare('@tcp(', findDsnPassword, false),
  rare('@unix(', findDsnPassword, false),
  rare('sqlplus', findSqlplusPassword),
  rare('PASS ', findCommandOfProtocol, false),
  rare('AUTH ', findCommandOfProtocol, false),
  slashes('://'),
  slashes(':\\/\\/'),
  slashes(':\\\\/\\\\/'),
  { text: 'thin:', ignoreCase: true, find: findOraclePassword, may: () => true },
  rare('azurewebsites', findFunctionCode),
  {
    text: 'appid=',
    ignoreCase: true,
    find: findAppId,
    may: (text, start) => '?&'.includes(text[start - 1] ?? ' '),
  },
  { text: '=="', ignoreCase: false, find: findStorageKey, may: mayBeStorageKey },
  { text: '==\\"', ignoreCase: false, find: findStorageKey, may: mayBeStorageKey },
  { text: 'sig=', ignoreCase: true, find: findSignature, may: () => true },
  // HTML-safe writers of JSON escape the equals sign.
  { text: 'sig\\u003d', ignoreCase: true, find: never, may: () => true },
  { text: 'hooks.slack', ignoreCase: false, find: findSlackWebhook, may: () => true },
  { text: '/services/T', ignoreCase: false, find: findSlackPath, may: () => true },
  { text: ':AA', ignoreCase: false, find: findTelegram, may: (text, start) => isDigit(text, start - 1) },
  { text: '/bot', ignoreCase: false, find: findTelegramPath, may: (text, _start, end) => isDigit(text, end) },
  // Printable ASCII that was escaped for no need may hide a word from us: such a line is decoded and looked at again.
  rare('\\u05', never),
  { text: '\\u00', ignoreCase: true, find: never, may: (text, _start, end) => '234567'.includes(text[end] ?? ' ') },
];

let built: TriggerScanner<Detector> | undefined;

/** Made when the first text is looked at: an agent that has nothing to look at doesn't hold its tables. */
function scanner(): TriggerScanner<Detector> {
  built ??= new TriggerScanner(DETECTORS);
  return built;
}

function findTelegram(text: string, at: number): SecretSpan | undefined {
  let start = at;
  while (at - start < 12 && isDigit(text, start - 1)) start--;
  return isDigit(text, start - 1) ? undefined : telegramAt(text, start);
}

const PROTOCOL = /(?:PASS|AUTH(?: PLAIN| LOGIN)?) ([^\s"'\\]{6,128})(?=[\r\n]|\\{1,8}[rn"']|["']|$)/y;

/** `PASS …`, `AUTH …`, `AUTH PLAIN …`: what SMTP, POP, FTP, and Redis are told, to the end of the line. */
function findCommandOfProtocol(text: string, start: number): SecretSpan | undefined {
  if (!isWordStart(text, start)) return undefined;
  PROTOCOL.lastIndex = start;
  const value = PROTOCOL.exec(text)?.[1];
  if (value === undefined || /[/.]\w+\.\w+$|^\w+\.\w+$|^[a-z]+_/.test(value) || !isHardWord(value, false))
    return undefined;
  const end = start + text.slice(start, start + 160).indexOf(value) + value.length;
  return { start: end - value.length, end, kind: 'password' };
}

function findTelegramPath(text: string, _start: number, end: number): SecretSpan | undefined {
  return telegramAt(text, end);
}

/** Whether a text, decoded or not, may hold a credential. */
export function mayHoldSecret(text: string): boolean {
  const runs = new TokenRuns();
  let found = false;
  scanner().scan(text, (start, { text: word, may }) => {
    if (!may(text, start, start + word.length, runs)) return start;
    found = true;
    return Number.POSITIVE_INFINITY;
  });
  return found;
}

/**
 * Where in records as they came over the wire, one a line, a credential may begin, at `from` or behind it; `to` for nowhere. Lines before it
 * hold none. A whole body is looked through by few calls, so a line without anything to see costs a fraction of a microsecond.
 */
export function findSuspect(bytes: Uint8Array, from: number, to: number): number {
  return scanner().findInBytes(bytes, from, to, acceptAnywhere);
}

function acceptAnywhere(text: string, start: number, { text: word, may }: Detector): boolean {
  return may(text, start, start + word.length, new TokenRuns());
}

/** All credentials of a decoded text, from left to right, not overlapping. */
export function findSecrets(text: string): readonly SecretSpan[] {
  const spans: SecretSpan[] = [];
  /** Found ahead of their trigger: what stands between is looked at, too. */
  let ahead: SecretSpan[] = [];
  const runs = new TokenRuns();
  let done = 0;
  scanner().scan(text, (start, { text: word, find }) => {
    if (ahead.length > 0 && start >= ahead[0]!.start) {
      while (ahead.length > 0 && start >= ahead[0]!.start) done = Math.max(done, ahead.shift()!.end);
    }
    if (start < done) return done;
    const found = find(text, start, start + word.length, runs);
    if (found === undefined) return start;
    for (const span of 'kind' in found ? [found] : found) {
      if (span.start < done || ahead.some((other) => span.start < other.end && other.start < span.end)) continue;
      spans.push(span);
      if (span.start <= start + word.length) done = span.end;
      else ahead = [...ahead, span].slice(-AHEAD_MAX).sort((a, b) => a.start - b.start);
    }
    return Math.max(start, done);
  });
  return ordered(spans);
}

/** More are only found by a header of cookies, within which nothing else is looked for then. */
const AHEAD_MAX = 64;

function ordered(spans: SecretSpan[]): readonly SecretSpan[] {
  if (spans.every((span, index) => index === 0 || spans[index - 1]!.end <= span.start)) return spans;
  const sorted = spans.sort((a, b) => a.start - b.start || b.end - a.end);
  return sorted.filter((span, index) => index === 0 || span.start >= sorted[index - 1]!.end);
}
