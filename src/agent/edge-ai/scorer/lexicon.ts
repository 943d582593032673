import type { Lexicon } from './classes.ts';
import { GRAVE } from './english/grave.ts';
import { PLAIN } from './english/plain.ts';
import { RELIEF } from './english/relief.ts';

/** English: words and turns that operators know from logs of any system. */
export const ENGLISH: Lexicon = { ...GRAVE, ...PLAIN, ...RELIEF };
