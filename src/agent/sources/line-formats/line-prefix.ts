import type { Level } from '../../../contract/record.ts';
import { accessLevel, findLevel, levelOfLetter, logcatLevel, SEVERITY_LEVELS } from './levels.ts';
import { type FoundTimestamp, type TimeContext, timestampAt } from './timestamps.ts';

/** What the head of a plain line tells. */
export interface LinePrefix {
  /** Epoch ms. */
  readonly at?: number;
  readonly level?: Level;
  /** Index after the timestamp, 0 without one. */
  readonly end: number;
}

/** A timestamp further into the line is something the message speaks of. */
const HEAD_LENGTH = 120;
const ESCAPE = '\u001b';
/** Colours, as loggers send them to terminals. Bounded: a line is not searched for the end of a sequence. */
const COLOURS = /\u001b\[[0-9;]{0,20}m/g;

/** Reads timestamp and level from the head of a line. Takes a bounded number of steps, whatever the line's length. */
export function readPrefix(line: string, context: TimeContext): LinePrefix {
  let text = line;
  if (line.charCodeAt(0) === 0x1b || line.lastIndexOf(ESCAPE, HEAD_LENGTH) !== -1)
    text = line.slice(0, 4 * HEAD_LENGTH).replaceAll(COLOURS, '');
  const priority = text[0] === '<' ? readPriority(text) : undefined;
  const found = findTimestamp(text, priority?.end ?? 0, context);
  const level = levelOf(text, found, priority?.severity);
  return {
    ...(found?.at === undefined ? {} : { at: found.at }),
    ...(level === undefined ? {} : { level }),
    end: found?.end ?? 0,
  };
}

function levelOf(text: string, found: FoundTimestamp | undefined, severity: number | undefined): Level | undefined {
  if (severity !== undefined) return SEVERITY_LEVELS[severity];
  if (found === undefined) return findLevel(text, 0, false);
  switch (found.form) {
    case 'access':
      return accessLevel(text, found.end);
    case 'klog':
      return levelOfLetter(text.trimStart()[0]);
    case 'logcat':
      return logcatLevel(text, found.end) ?? levelAround(text, found);
    case 'full':
    case 'clock':
      return levelAround(text, found);
    default:
      return found.form satisfies never;
  }
}

/** After the timestamp, or before it: `INFO 01-15 08:00:00 [engine.py:12] …`. */
function levelAround(text: string, found: FoundTimestamp): Level | undefined {
  const before = isLetterOrBracket(text.charCodeAt(0)) ? findLevel(text.slice(0, found.end), 0, false) : undefined;
  return before ?? findLevel(text, found.end, true);
}

/**
 * The first timestamp whose place is that of a timestamp: at the start, after brackets, numbers, names with digits or a level; not after
 * prose ("backup of 2025-01-15 08:00:00 done"). Access logs, whose first words are anybody's, are known by their form.
 */
function findTimestamp(text: string, start: number, context: TimeContext): FoundTimestamp | undefined {
  const end = Math.min(text.length, start + HEAD_LENGTH);
  let first = true;
  let prose = false;
  for (let at = start; at < end; ) {
    const code = text.charCodeAt(at);
    if (!isWordStart(code)) {
      if (code === 0x0a) return undefined;
      if (code === 0x7c /* | */) prose = false;
      at++;
      continue;
    }
    const found = timestampAt(text, at, first, context);
    if (found !== undefined && (!prose || found.form === 'access')) return found;
    let wordEnd = at + 1;
    let plain = isLetter(code);
    while (wordEnd < end && !isGap(text.charCodeAt(wordEnd))) {
      plain &&= isLetter(text.charCodeAt(wordEnd));
      wordEnd++;
    }
    const bracketed = text[at - 1] === '[' && text[wordEnd] === ']';
    if (plain && !bracketed && !isLevelWord(text.slice(at, wordEnd))) prose = true;
    first = false;
    at = wordEnd;
  }
  return undefined;
}

/** Only capitals are a level by themselves, and most words are turned down by their second letter. */
function isLevelWord(word: string): boolean {
  const second = word.charCodeAt(1);
  return second >= 65 && second <= 90 && findLevel(word, 0, false) !== undefined;
}

/** `<34>` of a syslog message, `<34>1 ` of RFC 5424. */
function readPriority(text: string): { readonly severity: number; readonly end: number } | undefined {
  const match = /^<(\d{1,3})>(?:1 )?/.exec(text);
  if (match === null || Number(match[1]) > 191) return undefined;
  return { severity: Number(match[1]) % 8, end: match[0].length };
}

/** Space, tab, brackets, quotes, bars and commas stand between words. */
function isGap(code: number): boolean {
  return (
    code <= 0x20 ||
    code === 0x5b ||
    code === 0x5d ||
    code === 0x28 ||
    code === 0x29 ||
    code === 0x7c ||
    code === 0x22 ||
    code === 0x2c
  );
}

function isWordStart(code: number): boolean {
  return (code >= 48 && code <= 57) || isLetter(code) || code > 0x7f;
}

function isLetterOrBracket(code: number): boolean {
  return isLetter(code) || code === 0x5b;
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}
