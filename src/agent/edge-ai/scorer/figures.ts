import type { Tokens } from './tokens.ts';

/** What the figures of a text tell. */
export interface FigureReading {
  readonly phraseClass: 'down' | 'environment' | 'exhausted';
  readonly strength: number;
  /** Words `start` to `end`, the latter not included. */
  readonly start: number;
  readonly end: number;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const TIME_UNITS = words(
  'ms msec millis milliseconds s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days week weeks',
);
/** Before a word that something should do or bring. */
const ABSENCE = words('no not nothing nobody never without');
const SHORT_UNITS = words('ms msec millis milliseconds');
/** Programs wait for each other all the time. */
const SHORT_SPAN_MAX_MS = 1_000;
const SPANS = words('for since in within');
/** Of these a long absence is rest, not trouble. */
const REST = words(
  'do use used using usage need needed change changed changes activity active input work request requests traffic load jobs visitors orders ' +
    'expire expires idle busy allowed before until again retry retried yet new more only just ' +
    'error errors failure failures alarm alarms alert alerts incident incidents crash crashes problem problems outage outages fault faults warnings losses',
);
/** Words between an absence and its span. */
const SILENCE_REACH = 8;

const ABOVE = words('above over exceeds exceeded exceeding beyond');
const BELOW = words('below under');
const UPPER_LIMIT = words('limit max maximum threshold ceiling cap trip allowed');
const LOWER_LIMIT = words('min minimum floor');
const BEFORE_LOWER_LIMIT = words('low lower min minimum');
/** Between a limit's name and its figure. */
const LINKS = words('is of at to the');
const LIMIT_REACH = 8;

const RESOURCES = words(
  'memory heap disk space quota budget storage swap ram vram inodes descriptors tablespace credits allowance volume',
);
/** A resource of which so much is taken is as good as gone. */
const SHARE_MAX = 0.97;

const IN_USE = words('active used busy taken inuse acquired borrowed');
const IN_ALL = words('total max size limit capacity maximum');
const IN_WAIT = words('waiting pending queued waiters');
const IN_STOCK = words('idle free available');

/**
 * Reads what figures say where no phrase does: an absence with its duration (“not heard for 40 s”), a reading beyond a limit in the same
 * text (“71C, limit 60C”), a pool of which all is taken while others wait (“max=8 used=8 waiting=3”), the last of a resource (“heap 7.9 GB of 8 GB”). At most one of each kind.
 */
export function readFigures(tokens: Tokens): FigureReading[] {
  if (tokens.figures === 0) return [];
  return [readSilence(tokens), readExcess(tokens), readPool(tokens), readShare(tokens)].filter(
    (reading) => reading !== undefined,
  );
}

function readSilence({ count, words, isAfterBreak, units, kinds, values }: Tokens): FigureReading | undefined {
  let absence = -1;
  for (let at = 0; at < count; at++) {
    if (isAfterBreak[at]) absence = -1;
    const word = words[at]!;
    if (ABSENCE.has(word)) {
      absence = at;
    } else if (absence >= 0 && (REST.has(word) || at - absence > SILENCE_REACH)) {
      absence = -1;
    } else if (absence >= 0 && SPANS.has(word) && at > absence + (words[absence] === 'nothing' ? 0 : 1)) {
      const figure = words[at + 1] === 'the' || words[at + 1] === 'last' ? at + 2 : at + 1;
      if (figure >= count || kinds[figure] !== 'number' || values[figure] === 0) continue;
      const unit = units[figure] || (figure + 1 < count && !isAfterBreak[figure + 1] ? words[figure + 1]! : '');
      const isShort = SHORT_UNITS.has(unit) && !(values[figure]! >= SHORT_SPAN_MAX_MS);
      if (TIME_UNITS.has(unit) && !isShort)
        return { phraseClass: 'down', strength: 1.2, start: absence, end: figure + 1 };
    }
  }
  return undefined;
}

/** A figure, its relation to the next or the name of a limit, and a second figure of the same unit. */
function readExcess(tokens: Tokens): FigureReading | undefined {
  const { count, words, kinds, values } = tokens;
  let reading = -1;
  for (let at = 0; at < count; at++) {
    if (kinds[at] === 'number' && !Number.isNaN(values[at]!)) {
      const relation = relationBefore(tokens, at, reading);
      if (relation !== 0) {
        const unit = unitOf(tokens, reading);
        const limitUnit = unitOf(tokens, at);
        // “3 peers left, minimum 8”: counts have their unit once.
        const isSame = unit !== '' && (unit === limitUnit || (relation < 0 && limitUnit === ''));
        const excess = (values[reading]! - values[at]!) * relation;
        if (isSame && excess > 0) return { phraseClass: 'environment', strength: 1.2, start: reading, end: at + 1 };
      } else {
        reading = at;
      }
    } else if (words[at] === 'normal' || words[at] === 'ok') {
      return undefined;
    }
  }
  return undefined;
}

/** 1: what stands before figure `at` says that the one at `reading` should not be above it; -1: not below; 0: nothing. */
function relationBefore({ words }: Tokens, at: number, reading: number): -1 | 0 | 1 {
  if (reading < 0 || at - reading > LIMIT_REACH) return 0;
  let name = at - 1;
  while (name > reading && LINKS.has(words[name]!)) name--;
  if (name <= reading) return 0;
  const word = words[name]!;
  if (ABOVE.has(word)) return 1;
  if (BELOW.has(word) || LOWER_LIMIT.has(word)) return -1;
  if (!UPPER_LIMIT.has(word)) return 0;
  return name - 1 > reading && BEFORE_LOWER_LIMIT.has(words[name - 1]!) ? -1 : 1;
}

function unitOf({ units, words, kinds, isAfterBreak, count }: Tokens, at: number): string {
  if (units[at] !== '') return units[at]!;
  return at + 1 < count && !isAfterBreak[at + 1] && kinds[at + 1] !== 'number' && !ABOVE.has(words[at + 1]!)
    ? words[at + 1]!
    : '';
}

/** “heap 7.9 GB of 8.0 GB”. */
function readShare(tokens: Tokens): FigureReading | undefined {
  const { count, words, kinds, values } = tokens;
  let resource = -1;
  for (let at = 0; at + 1 < count; at++) {
    if (RESOURCES.has(words[at]!)) resource = at;
    if (words[at] !== 'of' || resource < 0 || kinds[at + 1] !== 'number') continue;
    const part = kinds[at - 1] === 'number' ? at - 1 : at - 2;
    if (part <= resource || kinds[part] !== 'number' || unitOf(tokens, part) !== unitOf(tokens, at + 1)) continue;
    if (values[at + 1]! > 0 && values[part]! >= SHARE_MAX * values[at + 1]!)
      return { phraseClass: 'exhausted', strength: 1, start: resource, end: at + 2 };
  }
  return undefined;
}

function readPool({ count, words, isLabel, kinds, values }: Tokens): FigureReading | undefined {
  let used = Number.NaN;
  let all = Number.NaN;
  let waiting = 0;
  let stock = Number.NaN;
  let start = -1;
  let end = 0;
  for (let at = 0; at + 1 < count; at++) {
    if (!isLabel[at] || kinds[at + 1] !== 'number') continue;
    const word = words[at]!;
    const value = values[at + 1]!;
    if (IN_USE.has(word)) used = value;
    else if (IN_ALL.has(word)) all = value;
    else if (IN_WAIT.has(word)) waiting = value;
    else if (IN_STOCK.has(word)) stock = value;
    else continue;
    if (start < 0) start = at;
    end = at + 2;
  }
  const isTaken = all > 0 ? used >= all : used > 0 && stock === 0;
  return isTaken && waiting > 0 ? { phraseClass: 'exhausted', strength: 1.2, start, end } : undefined;
}
