import { LEVELS, type Level } from '../../../contract/record.ts';
import { GRAVE_CLASSES, PHRASE_CLASSES, type PhraseClass, TROUBLE_CLASSES } from './classes.ts';
import { type Findings, findPhrases } from './findings.ts';
import { Tokens } from './tokens.ts';

/** Hashed features fall into so many buckets: a power of two. */
export const BUCKETS = 1 << 15;
/** More are left out. */
const HASHES_MAX = 1_200;

const CLASSES = PHRASE_CLASSES.length;
/** Nobody said, then `LEVELS` in their order. */
const LEVEL_STATES = LEVELS.length + 1;
const NAME_CLASSES_AT = CLASSES;
const LEVELS_AT = NAME_CLASSES_AT + CLASSES;
const GRAVE_AT = LEVELS_AT + LEVEL_STATES;
const TROUBLE_AT = GRAVE_AT + LEVEL_STATES;
const SIGNS_AT = TROUBLE_AT + LEVEL_STATES;

const SIGNS = [
  'grave-resolved',
  'trouble-resolved',
  'grave-retry',
  'trouble-retry',
  'trouble-mention',
  'trouble-intended',
  'trouble-routine',
  'negated',
  'second-trouble',
  'third-trouble',
  'loud-level-without-trouble',
  'no-trouble',
  'label-and-value',
  'early-trouble',
  'names',
  'numbers',
  'short',
  'long',
] as const;
type Sign = (typeof SIGNS)[number];

/** How many dense features there are: phrases by class, in words and in names; levels; levels with trouble; signs. */
export const DENSE = SIGNS_AT + SIGNS.length;

/** Their names in the weights file, in order. */
export const DENSE_NAMES: readonly string[] = [
  ...PHRASE_CLASSES.map((name) => `words:${name}`),
  ...PHRASE_CLASSES.map((name) => `names:${name}`),
  ...['none', ...LEVELS].map((state) => `level:${state}`),
  ...['none', ...LEVELS].map((state) => `grave-at:${state}`),
  ...['none', ...LEVELS].map((state) => `trouble-at:${state}`),
  ...SIGNS.map((sign) => `sign:${sign}`),
];

/** What one line looks like to the model. The arrays are used again for the next. */
export interface Features {
  readonly dense: Float64Array;
  /** Buckets of words, pairs of words and pieces of words, each once. */
  readonly hashes: Uint16Array;
  hashCount: number;
  /** In which line a bucket was met last. */
  readonly metIn: Uint32Array;
  line: number;
  readonly tokens: Tokens;
  readonly findings: Findings;
  level: Level | undefined;
}

export function emptyFeatures(): Features {
  return {
    dense: new Float64Array(DENSE),
    hashes: new Uint16Array(HASHES_MAX),
    hashCount: 0,
    metIn: new Uint32Array(BUCKETS),
    line: 0,
    tokens: new Tokens(),
    findings: { list: [], negated: 0 },
    level: undefined,
  };
}

/** Fills `features` from a line. The severer of the given level and the one in the text's header holds. */
export function extractFeatures(message: string, given: Level | undefined, features: Features): void {
  const { tokens, findings, dense } = features;
  tokens.read(message, given !== undefined);
  findPhrases(tokens, findings);
  features.level = severer(given, tokens.level);
  dense.fill(0);
  fillClasses(features);
  fillSigns(features);
  fillHashes(features);
}

export function levelState(level: Level | undefined): number {
  return level === undefined ? 0 : LEVELS.indexOf(level) + 1;
}

function severer(one: Level | undefined, other: Level | undefined): Level | undefined {
  return levelState(one) >= levelState(other) ? one : other;
}

const SECOND_SHARE = 0.25;
const STRENGTH_MAX = 1.6;

/** The strongest finding of a class, and a little for each more. */
function fillClasses({ dense, findings, level }: Features): void {
  for (const { phraseClass, strength, isName } of findings.list) {
    const at = isName ? NAME_CLASSES_AT + phraseClass : phraseClass;
    const before = dense[at]!;
    const sum = Math.max(before, strength) + SECOND_SHARE * Math.min(before, strength);
    dense[at] = Math.min(STRENGTH_MAX, sum);
  }
  const state = levelState(level);
  dense[LEVELS_AT + state] = 1;
  dense[GRAVE_AT + state] = strongest(dense, 0, GRAVE_CLASSES);
  dense[TROUBLE_AT + state] = strongest(dense, GRAVE_CLASSES, TROUBLE_CLASSES);
}

function strongest(dense: Float64Array, from: number, to: number): number {
  let strength = 0;
  for (let at = from; at < to; at++) strength = Math.max(strength, dense[at]!);
  return strength;
}

const classAt = (name: PhraseClass): number => PHRASE_CLASSES.indexOf(name);
const RESOLVED = classAt('resolved');
const RETRY = classAt('retry');
const MENTION = classAt('mention');
const INTENDED = classAt('intended');
const ROUTINE = classAt('routine');
const WARN = classAt('warn');

function fillSigns({ dense, findings, tokens, level }: Features): void {
  const set = (sign: Sign, value: number): void => {
    dense[SIGNS_AT + SIGNS.indexOf(sign)] = value;
  };
  const grave = strongest(dense, 0, GRAVE_CLASSES);
  const trouble = strongest(dense, GRAVE_CLASSES, WARN);
  const any = Math.max(grave, trouble);
  set('grave-resolved', grave * dense[RESOLVED]!);
  set('trouble-resolved', trouble * dense[RESOLVED]!);
  set('grave-retry', grave * dense[RETRY]!);
  set('trouble-retry', trouble * dense[RETRY]!);
  set('trouble-mention', any * dense[MENTION]!);
  set('trouble-intended', any * dense[INTENDED]!);
  set('trouble-routine', any * dense[ROUTINE]!);
  set('negated', Math.min(2, findings.negated) / 2);
  let troubles = 0;
  let isEarly = false;
  for (const { phraseClass, isName, start } of findings.list) {
    if (phraseClass >= WARN || isName) continue;
    troubles++;
    if (start < EARLY_WORDS) isEarly = true;
  }
  if (troubles >= 2) set('second-trouble', 1);
  if (troubles >= 3) set('third-trouble', 1);
  if (any === 0 && (level === 'ERROR' || level === 'CRITICAL')) set('loud-level-without-trouble', 1);
  if (isEarly) set('early-trouble', 1);
  if (any === 0) set('no-trouble', 1);
  if (any === 0 && isLabelAndValue(tokens)) set('label-and-value', 1);
  let names = 0;
  let numbers = 0;
  for (let at = 0; at < tokens.count; at++) {
    if (tokens.kinds[at] === 'name' || tokens.kinds[at] === 'key') names++;
    else if (tokens.kinds[at] === 'number') numbers++;
  }
  const count = Math.max(1, tokens.count);
  set('names', names / count);
  set('numbers', numbers / count);
  if (tokens.count <= SHORT_WORDS) set('short', 1);
  if (tokens.count >= LONG_WORDS) set('long', 1);
}

/** A few words and one number at the end: a line of a register dump, a table, a list of settings. */
function isLabelAndValue({ count, kinds, words, isLabel, isAfterBreak }: Tokens): boolean {
  if (count < 2) return false;
  let first = 0;
  while (first < count && kinds[first] === 'level') first++;
  const last = words[count - 1]!;
  const isValue = kinds[count - 1] === 'number' || last === 'true' || last === 'false';
  const isApart = isLabel[count - 2]! || isAfterBreak[count - 1]! || words[count - 2] === 'is';
  return isValue && isApart && count - first <= LABELLED_WORDS;
}

const LABELLED_WORDS = 6;
const EARLY_WORDS = 5;
const SHORT_WORDS = 3;
const LONG_WORDS = 40;

const GRAM = 4;
const SALT_WORD = 0x811c9dc5;
const SALT_NAME = 0x9747b28c;
const SALT_PAIR = 0x5bd1e995;
const SALT_GRAM = 0x1b873593;

/** Words, pairs of neighbours, and pieces of four letters of words in prose; FNV-1a, folded. */
function fillHashes(features: Features): void {
  const { tokens } = features;
  features.hashCount = 0;
  // Past 2³² lines a number comes again; what it then takes for met is a handful of words of one line.
  features.line = (features.line + 1) >>> 0;
  let previous = 0;
  for (let at = 0; at < tokens.count; at++) {
    const kind = tokens.kinds[at]!;
    if (kind === 'level') continue;
    const word = kind === 'number' && tokens.words[at] !== '0' ? '#' : tokens.words[at]!;
    const isName = kind === 'name' || kind === 'key';
    const hash = hashOf(word, 0, word.length, isName ? SALT_NAME : SALT_WORD);
    if (kind !== 'number') push(features, hash);
    if (previous !== 0 && !isName) push(features, Math.imul(previous ^ SALT_PAIR, 0x01000193) ^ hash);
    previous = isName ? 0 : hash;
    if (kind !== 'prose') continue;
    for (let from = 0; from + GRAM <= word.length; from++)
      push(features, hashOf(word, from, from + GRAM, from === 0 ? SALT_GRAM ^ 1 : SALT_GRAM));
  }
}

function hashOf(word: string, from: number, to: number, salt: number): number {
  let hash = salt;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash | 1;
}

/** A word that comes again says no more than the first time: a list of forty hosts is one sign, not forty. */
function push(features: Features, hash: number): void {
  const bucket = (hash ^ (hash >>> 15) ^ (hash >>> 7)) & (BUCKETS - 1);
  if (features.metIn[bucket] === features.line || features.hashCount >= HASHES_MAX) return;
  features.metIn[bucket] = features.line;
  features.hashes[features.hashCount++] = bucket;
}
