import { format } from 'node:util';
import type { Level } from '../contract/record.ts';
import type { NervesysLogger } from './logger.ts';
import { isError } from './plain-value.ts';

export interface CaptureOptions {
  /**
   * Whether what is printed still appears where it did. Default: `true`. Say `false` below `nervesys exec`, which reads standard
   * output and error as well.
   */
  readonly passThrough?: boolean | undefined;
  /** Default: `console`. */
  readonly action?: string | undefined;
}

const LEVEL_OF = { debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const satisfies Record<
  string,
  Level
>;
type Method = keyof typeof LEVEL_OF;

/**
 * From now on what the program prints by `console.debug`, `log`, `info`, `warn` and `error` becomes records too, and by those built on them
 * (`trace`, `assert`, `table`). The returned function puts the console back as it was.
 */
export function captureConsole(logger: NervesysLogger, options: CaptureOptions = {}): () => void {
  const action = options.action ?? 'console';
  const passThrough = options.passThrough ?? true;
  /** Printing may print again (a getter that logs): only the outermost call is the program's own. */
  let printing = false;
  let released = false;
  const releasers = (Object.keys(LEVEL_OF) as Method[]).map((method) => {
    const original = console[method];
    const captured = (...values: unknown[]): void => {
      if (printing || released) {
        original.apply(console, values);
        return;
      }
      printing = true;
      try {
        const error = values.find(isError);
        logger.write({ level: LEVEL_OF[method], action, message: printed(values), context: error && { error } });
        if (passThrough) original.apply(console, values);
      } finally {
        printing = false;
      }
    };
    console[method] = captured;
    return () => {
      // Somebody who wrapped the console after us keeps his wrapper; it goes on to the original through ours.
      if (console[method] === captured) console[method] = original;
    };
  });
  return () => {
    released = true;
    for (const release of releasers) release();
  };
}

function printed(values: readonly unknown[]): string {
  try {
    const only = values[0];
    return values.length === 1 && isError(only) ? only.message : format(...values);
  } catch {
    return '[what was printed could not be read]';
  }
}
