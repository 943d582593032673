import { LinearPattern } from '../platform/linear-pattern.ts';
import { type Field, parsed } from './fields.ts';

/** A regular expression that is matched in linear time, as text that `LinearPattern` takes. */
export function linearPattern(lengthMax: number, example = ''): Field<string> {
  return parsed(
    `a regular expression of at most ${lengthMax} characters, without look-around and back-references, with repetitions up to 256, that does not match the empty text${example}`,
    `^.{1,${lengthMax}}$`,
    (pattern) => (pattern.length <= lengthMax && isUsable(pattern) ? pattern : undefined),
  );
}

function isUsable(pattern: string): boolean {
  try {
    new LinearPattern(pattern);
    return true;
  } catch {
    return false; // the complaint says what is usable
  }
}
