import { LEVELS } from '../../../contract/record.ts';
import { LinearPattern } from '../../../platform/linear-pattern.ts';
import { readPrefix } from '../line-formats/line-prefix.ts';
import { openTimeZone } from '../line-formats/time-zone.ts';

/** Which lines make one record together: those of stack traces, or all up to the next line that a pattern says begins one. */
export type Multiline = 'auto' | { readonly start: string };

/** Whether `line` goes on with the record whose lines so far are `before` (at least one). Pure, and bounded in what it reads of a line. */
export type JoinsRecord = (line: string, before: readonly string[]) => boolean;

/** So much of a line is looked at. */
const HEAD_LENGTH = 256;

/** @throws LinearPatternError for a pattern that is none; the configuration refuses those before. */
export function openJoiner(multiline: Multiline): JoinsRecord {
  if (multiline === 'auto') return joinsTrace;
  const start = new LinearPattern(multiline.start);
  return (line) => start.findAll(line.length > HEAD_LENGTH ? line.slice(0, HEAD_LENGTH) : line).found.length === 0;
}

const TRACEBACK = 'Traceback (most recent call last)';
const CHAINED = /^(?:During handling of the above exception|The above exception was the direct cause)/;
/** Python's last line of a traceback: `ValueError: text`, `KeyboardInterrupt`, `requests.exceptions.Timeout: …`. */
const PYTHON_EXCEPTION = /^[A-Za-z_][\w.]*(?::|$)/;
/** `java.io.IOException: …`, `TypeError: …`, `Error [ERR_X]: …` as the line after what the logger itself wrote. */
const EXCEPTION = /^(?:[a-z_][\w$]*\.)*(?:[A-Z][\w$]*)?(?:Exception|Error|Throwable)(?: \[[A-Z_]+\])?(?::|$)/;
const CLOSING = /^[}\])]+[;,]?$/;
const CARETS = /^\s+\^+$/;

/** The lines of Java's, Python's and Node's stack traces. */
export const joinsTrace: JoinsRecord = (line, before) => {
  const first = line.charCodeAt(0);
  if (first === 0x20 || first === 0x09) return true;
  if (line.startsWith('Caused by') || line.startsWith('Suppressed:')) return true;
  const head = line.length > HEAD_LENGTH ? line.slice(0, HEAD_LENGTH) : line;
  const last = before.at(-1)!;
  const inTrace = before.length > 1;
  if (CLOSING.test(head)) return inTrace || before[0]!.endsWith('{');
  if (CHAINED.test(head)) return inTrace;
  if (head.startsWith(TRACEBACK)) return CHAINED.test(last) || !saysAllIsWell(before[0]!);
  if (isIndented(last) && before.some((one) => one.startsWith(TRACEBACK))) return PYTHON_EXCEPTION.test(head);
  if (!EXCEPTION.test(head)) return false;
  return CARETS.test(last.slice(-HEAD_LENGTH)) || (!inTrace && saysTrouble(before[0]!) && !EXCEPTION.test(last));
};

function isIndented(line: string): boolean {
  return line.startsWith(' ') || line.startsWith('\t');
}

/** Only levels are asked for here, so that neither zone nor year matters. */
const ANY_TIME = { zone: openTimeZone('UTC'), now: 0 };
const WARN = LEVELS.indexOf('WARN');

/** An unrelated line that names a level below a warning; a traceback after it stands for itself. */
function saysAllIsWell(line: string): boolean {
  const { level } = readPrefix(line, ANY_TIME);
  return level !== undefined && LEVELS.indexOf(level) < WARN;
}

function saysTrouble(line: string): boolean {
  const { level } = readPrefix(line, ANY_TIME);
  return level !== undefined && LEVELS.indexOf(level) >= WARN;
}
