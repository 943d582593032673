/**
 * What a phrase says. The weight of each class is learned, of a phrase within its class given (1 where the lexicon says nothing).
 * Before `warn` the classes of trouble, behind it those that take trouble back or are no news.
 */
export const PHRASE_CLASSES = [
  /** Panic, segmentation fault, uncaught exception, abnormal exit. */
  'crash',
  /** Out of memory, disk full, quota exhausted, no free ports. */
  'exhausted',
  /** Broken hardware: uncorrectable memory, failing disk, machine check. */
  'hardware',
  /** Temperature, fan, voltage, power. */
  'environment',
  /** A node, a service, a link that is down, dead, unavailable, silent. */
  'down',
  /** Data lost or corrupt. */
  'damage',
  /** Nobody tries again: giving up, retries exhausted, cannot recover. */
  'forsaken',
  /** Break-in, too many authentication failures. */
  'intrusion',
  /** Connection lost, refused, reset; no route. */
  'connectivity',
  /** Fatal, critical, severe, emergency, said in prose. */
  'fatal',
  'failure',
  'inability',
  'error',
  /** Aborted, killed, terminated. */
  'aborted',
  'timeout',
  /** Denied, rejected, forbidden: mostly one request's own trouble. */
  'refused',
  /** Missing, invalid, unexpected, unknown. */
  'wrong',
  'warn',
  /** It will be tried again, or another way was taken. */
  'retry',
  /** Recovered, corrected, up again. */
  'resolved',
  /** Somebody asked for it; it is the normal end. */
  'intended',
  /** Started, loaded, registered, listening. */
  'routine',
  /** Words of trouble in a name of something: error log, failure detector, on error. */
  'mention',
  /** Somebody outside whose trouble it may be: a client, a visitor. */
  'foreign',
  /** Debugging chatter of programs about themselves, a question of style or age. */
  'chatter',
] as const;
export type PhraseClass = (typeof PHRASE_CLASSES)[number];

/** How many of them, from the first, are trouble. */
export const TROUBLE_CLASSES = PHRASE_CLASSES.indexOf('warn') + 1;
/** How many of them, from the first, are trouble by themselves, whatever the level. */
export const GRAVE_CLASSES = PHRASE_CLASSES.indexOf('connectivity');

/**
 * Phrases of one class, one a line: words with one space between, `a|b` for one or the other, `~` for up to three words of any sort,
 * a weight behind `@`.
 */
export type Lexicon = Readonly<Record<PhraseClass, string>>;
