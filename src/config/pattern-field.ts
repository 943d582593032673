import { LinearPattern } from '../platform/linear-pattern.ts';
import { type Field, parsed } from './fields.ts';
import { showValue } from './located.ts';

/** A regular expression that is matched in linear time, as text that `LinearPattern` takes; a complaint says why it doesn't. */
export function linearPattern(lengthMax: number, example = ''): Field<string> {
  const text = parsed(
    `a regular expression of at most ${lengthMax} characters, without look-around and back-references, with repetitions up to 256, that does not match the empty text${example}`,
    '.',
    (value) => (value !== '' && value.length <= lengthMax ? value : undefined),
  );
  return {
    ...text,
    schema: { type: 'string', minLength: 1, maxLength: lengthMax },
    read(located, path, complaints) {
      const pattern = text.read(located, path, complaints);
      if (pattern === undefined) return undefined;
      try {
        new LinearPattern(pattern);
        return pattern;
      } catch (error) {
        const problem = `is ${showValue(located)}: ${(error as Error).message}`;
        complaints.add(located.at, path, problem, `use ${text.expects}`);
        return undefined;
      }
    },
  };
}
