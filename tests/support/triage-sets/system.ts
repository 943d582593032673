import type { Random } from '../random.ts';

/** `1`: people want to be told; `0`: they don't; empty: a matter of taste, which nobody is judged by. */
export type AlertLabel = '0' | '1' | '';

/** One logging statement of an invented program. */
export interface Statement {
  /** How its lines come, see `readStatements`. */
  readonly manner:
    | { readonly type: 'common'; readonly weight: number }
    | { readonly type: 'rare' }
    | { readonly type: 'burst'; readonly lines: number }
    | { readonly type: 'follows' };
  /** As the program writes it; empty: it writes none. */
  readonly level: string;
  readonly component: string;
  /** Text with `{parameter}` where the program puts a value, `{{` and `}}` for braces. */
  readonly format: string;
  readonly alert: AlertLabel;
}

export interface LineHead {
  /** Epoch ms. */
  readonly at: number;
  readonly level: string;
  readonly component: string;
  readonly random: Random;
}

export interface System {
  /** Names its folder. */
  readonly name: string;
  readonly seed: number;
  /** Epoch ms of the first line. */
  readonly startsAt: number;
  /** Mean time between lines. */
  readonly gapMs: number;
  /** What stands before the message in a raw line, with the space behind it. */
  readonly header: (head: LineHead) => string;
  /** The system's own parameters: one is chosen, earlier ones more often; may have `{parameters}` themselves. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly statements: readonly Statement[];
}

/**
 * Statements from lines `MANNER LEVEL COMPONENT | FORMAT`; empty lines and such that start with `#` are left out.
 * MANNER: a number, the share of all lines beside the others' shares; `~`, one to five lines; `!N`, N lines in bursts;
 * `^`, comes soon after each line of the statement above, and shares with it the parameters written `{name@}`. LEVEL `-`: none.
 */
export function readStatements(alert: AlertLabel, text: string): Statement[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const found = /^(\S+)\s+(\S+)\s*(.*?)\s*\| (.*)$/.exec(line);
      if (found === null) throw new Error(`not a statement: ${line}`);
      const [, manner, level, component, format] = found as unknown as [string, string, string, string, string];
      return { manner: readManner(manner), level: level === '-' ? '' : level, component, format, alert };
    });
}

export const routine = (text: string): Statement[] => readStatements('0', text);
export const trouble = (text: string): Statement[] => readStatements('1', text);
export const borderline = (text: string): Statement[] => readStatements('', text);

function readManner(text: string): Statement['manner'] {
  if (text === '~') return { type: 'rare' };
  if (text === '^') return { type: 'follows' };
  if (text.startsWith('!')) return { type: 'burst', lines: whole(text.slice(1)) };
  return { type: 'common', weight: whole(text) };
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`not a count: ${text}`);
  return value;
}
