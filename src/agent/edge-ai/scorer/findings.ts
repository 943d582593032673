import { PHRASE_CLASSES, type PhraseClass, TROUBLE_CLASSES } from './classes.ts';
import { readFigures } from './figures.ts';
import { ENGLISH } from './lexicon.ts';
import { HEBREW } from './lexicon-hebrew.ts';
import { isArgument, isDeedOfPerson, isInTitle, isPartOfNounPhrase } from './mentions.ts';
import { NEGATORS, PhraseIndex, type PhraseMatch, type PhraseText } from './phrases.ts';
import type { TokenKind, Tokens } from './tokens.ts';
import { readTransition } from './transitions.ts';

/** A phrase found in a text. */
export interface Finding {
  readonly phraseClass: number;
  /** From 0 to about 1.2. */
  readonly strength: number;
  /** Whether it is part of a name, a path or a key rather than words. */
  readonly isName: boolean;
  /** Words `start` to `end`, the latter not included. */
  readonly start: number;
  readonly end: number;
}

export interface Findings {
  readonly list: Finding[];
  /** Words of trouble that the text itself takes back: “no errors”, “failed: 0”. */
  negated: number;
}

/** How far before a word of trouble a “no” still means it. */
const NEGATION_REACH = 3;
/** Before a word of recovery: “failed to recover”, “could not be restored”. */
const PREVENTERS: ReadonlySet<string> = new Set([
  ...NEGATORS,
  ...'cannot cant could unable failed fails fail failure couldnt impossible until before נכשל נכשלה נכשלו'.split(' '),
]);
/** A zero behind them is a number of one of many: “adapter 0 failed”. */
const NUMBERED: ReadonlySet<string> = new Set(
  (
    'node cpu core disk drive adapter port slot bank rank unit channel device zone socket gpu fan psu controller link lane worker shard ' +
    'replica partition bus interface instance thread process host rack blade module board card queue pool volume server member site id index no number ' +
    'chassis enclosure cell row group die lun tray bay fabric plane array sled slice feed room tower ring spine leaf phase inverter string osd pump ' +
    'valve boiler motor lift line track platform gate door lane camera sensor reader terminal printer pod raid vdev mirror cable antenna beam sector asic npu tpu fpga vcpu hart dimm ssd nvme modem sim'
  ).split(' '),
);
/** Behind a word of trouble, with a colon, an equals sign or nothing between. */
const NOTHING_WORDS: ReadonlySet<string> = new Set('0 none null nil false no ok success na אין ללא אפס'.split(' '));
const classOf = (name: PhraseClass): number => PHRASE_CLASSES.indexOf(name);
const CRASH = classOf('crash');
const MENTION = classOf('mention');
const INTENDED = classOf('intended');
const FOREIGN = classOf('foreign');
const DOWN = classOf('down');
const RESOLVED = classOf('resolved');

const AUXILIARIES: ReadonlySet<string> = new Set('is are was were has have had will must'.split(' '));
/** Behind “no longer”: trouble that was there, and isn't. */
const GONE: ReadonlySet<string> = new Set('seen present detected there reported found active visible'.split(' '));
const RECOVERY_REACH = 8;
/** From here on a phrase says whose the trouble behind it is: “expected error: …”, “declined order 4: …”. */
const OWNING_STRENGTH = 1.4;

const PHRASES = new PhraseIndex([ENGLISH, HEBREW]);
const HEBREW_PREFIXES: ReadonlySet<string> = new Set([...'הובלמשכ']);

/** All phrases of a text, from left to right, none over another. Changes `words` of `tokens`: Hebrew ones lose the letters that stand before them. */
export function findPhrases(tokens: Tokens, findings: Findings): void {
  findings.list.length = 0;
  findings.negated = 0;
  for (let at = 0; at < tokens.count; at++) {
    const word = tokens.words[at]!;
    if (word.charCodeAt(0) >= 0x05d0 && word.charCodeAt(0) <= 0x05ea) tokens.words[at] = withoutPrefix(word);
  }
  PHRASES.read(tokens);
  let isSomebodyElses = false;
  for (let at = 0; at < tokens.count; ) {
    const match = tokens.kinds[at] === 'level' || isNumberOfOne(tokens, at) ? undefined : PHRASES.matchAt(at);
    if (match === undefined) {
      at++;
      continue;
    }
    const { phraseClass, weight, end } = match;
    if (isTakenBack(tokens, at, end, phraseClass)) findings.negated++;
    else findings.list.push(findingOf(tokens, match, at, isSomebodyElses));
    if ((phraseClass === INTENDED || phraseClass === FOREIGN) && weight >= OWNING_STRENGTH) isSomebodyElses = true;
    at = end;
  }
  addTransition(tokens, findings);
  turnRecoveries(tokens, findings);
  for (const { phraseClass, strength, start, end } of readFigures(tokens))
    if (!findings.list.some((one) => one.phraseClass < TROUBLE_CLASSES && one.start < end && start < one.end))
      findings.list.push({ phraseClass: classOf(phraseClass), strength, isName: false, start, end });
}

function findingOf(tokens: Tokens, match: PhraseMatch, start: number, isSomebodyElses: boolean): Finding {
  const { end, weight: strength } = match;
  let { phraseClass } = match;
  let isName = isOfName(tokens, start, end);
  if (phraseClass < TROUBLE_CLASSES) {
    if (isPartOfNounPhrase(tokens, start, end)) phraseClass = MENTION;
    else if (isDeedOfPerson(tokens, start, end)) phraseClass = INTENDED;
    else if (isSomebodyElses || isArgument(tokens, start) || isInTitle(tokens, start)) isName = true;
  }
  return { phraseClass, strength, isName, start, end };
}

/** “duplicate address no longer seen”: of trouble that is gone, being gone is good news. */
function turnRecoveries({ words, isAfterBreak }: Tokens, { list }: Findings): void {
  for (let index = 1; index < list.length; index++) {
    const { phraseClass, start, end, strength } = list[index]!;
    const before = list[index - 1]!;
    if (phraseClass !== DOWN || words[start] !== 'no' || words[start + 1] !== 'longer' || !GONE.has(words[end - 1]!))
      continue;
    const isNear = before.phraseClass < TROUBLE_CLASSES && start - before.end <= RECOVERY_REACH;
    if (isNear && !isAfterBreak[start]) list[index] = { phraseClass: RESOLVED, strength, isName: false, start, end };
  }
}

/** Somebody thought it worth telling both ends. */
const TRANSITION_STRENGTH = 1.2;

/** “from DEGRADED to OPTIMAL” is one finding: the words of both states say nothing by themselves. */
function addTransition(tokens: Tokens, { list }: Findings): void {
  const transition = readTransition(tokens);
  if (transition === undefined) return;
  const { isFall, start, end } = transition;
  const rest = list.filter((one) => one.end <= start || one.start >= end);
  list.length = 0;
  list.push(...rest, {
    phraseClass: isFall ? DOWN : RESOLVED,
    strength: TRANSITION_STRENGTH,
    isName: false,
    start,
    end,
  });
}

/**
 * A phrase may have a name at one end or in its `~`, as in “node-4 is down”: it is one of a name only where it begins and ends in one.
 * A key, as in “total=0, active=0”, ends none.
 */
function isOfName({ kinds }: Tokens, start: number, end: number): boolean {
  return kinds[end - 1] === 'key' || (isPieceOfName(kinds[start]!) && isPieceOfName(kinds[end - 1]!));
}

function isPieceOfName(kind: TokenKind): boolean {
  return kind === 'name' || kind === 'key';
}

function isTakenBack(text: Tokens, start: number, end: number, phraseClass: number): boolean {
  if (phraseClass < TROUBLE_CLASSES) {
    if (phraseClass === CRASH && text.words[end - 1] === '0') return true;
    if (NEGATORS.has(text.words[start]!)) return false;
    return (
      isPrecededBy(NEGATORS, text, start) || (end < text.count && isNothing(text, end)) || isCountOfNone(text, end)
    );
  }
  return phraseClass === RESOLVED && isPrecededBy(PREVENTERS, text, start);
}

function isPrecededBy(words: ReadonlySet<string>, text: PhraseText, start: number): boolean {
  for (let at = start - 1; at >= 0 && at >= start - NEGATION_REACH; at--) {
    if (text.isAfterBreak[at + 1] || isNewStatement(text, at)) return false;
    if (words.has(text.words[at]!) && !isNumberOfOne(text, at)) return true;
  }
  return false;
}

/** “did not finish and were cut off”, “no answer but an error”: a “no” before the conjunction means the first half only. */
function isNewStatement({ words }: PhraseText, at: number): boolean {
  const word = words[at]!;
  return word === 'but' || word === 'then' || word === 'so' || (word === 'and' && AUXILIARIES.has(words[at + 1]!));
}

function isNumberOfOne(text: PhraseText, at: number): boolean {
  return text.words[at] === '0' && at > 0 && !text.isAfterBreak[at] && NUMBERED.has(text.words[at - 1]!);
}

/** “errors: 0”, “error=null”, “failed units: none”, “failed 0”; a zero without a label must stand right behind. */
function isNothing(text: Tokens, start: number): boolean {
  const at = text.isLabel[start] && !text.isLabel[start - 1] && start + 1 < text.count ? start + 1 : start;
  if (!NOTHING_WORDS.has(text.words[at]!)) return false;
  return text.isLabel[at - 1]! || (text.words[at] === '0' && !text.isAfterBreak[at]);
}

/** “failed attempts since last login: 0”: the line is one label, and its value a zero. */
function isCountOfNone(text: Tokens, end: number): boolean {
  const last = text.count - 1;
  if (end > last || last < 1 || text.words[last] !== '0' || !text.isLabel[last - 1]) return false;
  for (let at = end; at < last; at++) if (text.isAfterBreak[at]) return false;
  return true;
}

/** A Hebrew word without the one or two letters that stand for “the”, “and”, “in”, “to”, “from”, where the lexicon knows the rest. */
function withoutPrefix(word: string): string {
  if (PHRASES.knows(word)) return word;
  for (let letters = 1; letters <= 2 && word.length - letters >= 2; letters++) {
    if (!HEBREW_PREFIXES.has(word[letters - 1]!)) return word;
    const rest = word.slice(letters);
    if (PHRASES.knows(rest)) return rest;
  }
  return word;
}
