import { findBearer, findKeyed, mayBeKeyed } from './keyed.ts';
import { PREFIX_RULES, telegramAt } from './prefixes.ts';
import { findPrivateKey } from './private-key.ts';
import { isDigit, isWordStart, type SecretSpan, TokenRuns } from './text.ts';
import { type Trigger, TriggerScanner } from './trigger-scanner.ts';
import { findOraclePassword, findSignature, findSlackWebhook, findUrlPassword, mayHaveUserInfo } from './urls.ts';

/** A short word that every credential of some kind contains, and what to look at around it. */
export interface Detector extends Trigger {
  /** The credential around the word at `start`, in decoded text. Reads a bounded part of the text. */
  readonly find: (text: string, start: number, end: number, runs: TokenRuns) => SecretSpan | undefined;
  /** The same as a quick guess that never says no wrongly, also on text with JSON's escapes. */
  readonly may: (text: string, start: number, end: number, runs: TokenRuns) => boolean;
}

const never = (): undefined => undefined;

const prefixed: readonly Detector[] = PREFIX_RULES.map(({ prefix, find }) => ({
  text: prefix,
  ignoreCase: false,
  find: (text, start, _end, runs) => find(text, start, runs),
  may: (text, start, end, runs) => isWordStart(text, start) && runs.end(text, end) - end >= 8,
}));

/** Each stands in every name that tells of a credential (`secretKeyKind`); the name around it decides. */
const keyed: readonly Detector[] = ['pass', 'pwd', 'secret', 'token', 'authoriz', 'key', 'api key'].map((text) => ({
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
  slashes('://'),
  slashes(':\\/\\/'),
  { text: 'thin:', ignoreCase: true, find: findOraclePassword, may: () => true },
  { text: 'sig=', ignoreCase: true, find: findSignature, may: () => true },
  // HTML-safe writers of JSON escape the equals sign.
  { text: 'sig\\u003d', ignoreCase: true, find: never, may: () => true },
  { text: 'hooks.slack', ignoreCase: false, find: findSlackWebhook, may: () => true },
  { text: ':AA', ignoreCase: false, find: findTelegram, may: (text, start) => isDigit(text, start - 1) },
  { text: '/bot', ignoreCase: false, find: findTelegramPath, may: (text, _start, end) => isDigit(text, end) },
  // Printable ASCII that was escaped for no need may hide a word from us: such a line is decoded and looked at again.
  { text: '\\u00', ignoreCase: true, find: never, may: (text, _start, end) => '234567'.includes(text[end] ?? ' ') },
];

export const SCANNER = new TriggerScanner(DETECTORS);

function findTelegram(text: string, at: number): SecretSpan | undefined {
  let start = at;
  while (at - start < 12 && isDigit(text, start - 1)) start--;
  return isDigit(text, start - 1) ? undefined : telegramAt(text, start);
}

function findTelegramPath(text: string, _start: number, end: number): SecretSpan | undefined {
  return telegramAt(text, end);
}

/** Whether a text, decoded or not, may hold a credential. */
export function mayHoldSecret(text: string): boolean {
  const runs = new TokenRuns();
  let found = false;
  SCANNER.scan(text, (start, { text: word, may }) => {
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
  return SCANNER.findInBytes(bytes, from, to, acceptAnywhere);
}

function acceptAnywhere(text: string, start: number, { text: word, may }: Detector): boolean {
  return may(text, start, start + word.length, new TokenRuns());
}

/** All credentials of a decoded text, from left to right, not overlapping. */
export function findSecrets(text: string): readonly SecretSpan[] {
  const spans: SecretSpan[] = [];
  const runs = new TokenRuns();
  let done = 0;
  SCANNER.scan(text, (start, { text: word, find }) => {
    if (start < done) return done;
    const span = find(text, start, start + word.length, runs);
    if (span === undefined || span.start < done) return start;
    spans.push(span);
    done = span.end;
    return done;
  });
  return spans;
}
