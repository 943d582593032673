/* The lines of a system: which statements speak how often and in which order, by its seed alone. */
import { type Random, seededRandom } from '../random.ts';
import { fill, type Shared, templateOf } from './format.ts';
import type { Statement, System } from './system.ts';

export const LINES_PER_SYSTEM = 2_000;
const RARE_LINES_MAX = 5;
const BURST_LINES_MAX = 60;
/** A line that follows another comes at most so many lines later. */
const FOLLOWS_WITHIN = 6;

export interface Line {
  /** As the program's file has it. */
  readonly raw: string;
  readonly content: string;
  readonly statement: Statement;
}

/** A statement with those that follow it. */
interface Chain {
  readonly head: Statement;
  readonly followers: readonly Statement[];
}

/** A line's statement, with what it shares, at its place among the others. */
interface Spoken {
  readonly place: number;
  readonly statement: Statement;
  readonly shared: Shared;
}

export function generateLines(system: System): Line[] {
  const random = seededRandom(system.seed);
  const spoken = schedule(chainsOf(system.statements), random);
  let at = system.startsAt;
  return spoken.map(({ statement, shared }) => {
    at += Math.floor(-Math.log(1 - random()) * system.gapMs);
    const content = fill(statement.format, random, system.values, shared).trim();
    const { level, component } = statement;
    const head = fill(system.header({ at, level, component, random }), random, system.values, shared);
    return { raw: head + content, content, statement };
  });
}

/** In the form of the public sets. */
export function formatStructured(lines: readonly Line[]): string {
  const ids = new Map<Statement, string>();
  const rows = lines.map(({ content, statement }, index) => {
    const id = ids.get(statement) ?? `E${ids.size + 1}`;
    ids.set(statement, id);
    const { level, component, format, alert } = statement;
    return [String(index + 1), level, component, content, id, templateOf(format).trim(), alert, 'author'];
  });
  const head = ['LineId', 'Level', 'Component', 'Content', 'EventId', 'EventTemplate', 'Alert', 'AlertSource'];
  return `${[head, ...rows].map((row) => row.map(csv).join(',')).join('\n')}\n`;
}

const csv = (field: string): string => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

function chainsOf(statements: readonly Statement[]): Chain[] {
  const chains: { head: Statement; followers: Statement[] }[] = [];
  for (const statement of statements) {
    if (statement.manner.type === 'follows') chains.at(-1)!.followers.push(statement);
    else chains.push({ head: statement, followers: [] });
  }
  return chains;
}

/** Rare lines and bursts first, then the common ones by their weights into what is left. */
function schedule(chains: readonly Chain[], random: Random): Spoken[] {
  const spoken: Spoken[] = [];
  const speak = (chain: Chain, place: number): void => {
    const shared: Shared = new Map();
    [chain.head, ...chain.followers].reduce((after, statement) => {
      spoken.push({ place: after, statement, shared });
      return after + (1 + random() * FOLLOWS_WITHIN) / LINES_PER_SYSTEM;
    }, place);
  };

  for (const chain of chains) {
    const { manner } = chain.head;
    if (manner.type === 'rare') {
      // Most of them once.
      const lines = 1 + Math.floor(random() ** 2.5 * RARE_LINES_MAX);
      for (let line = 0; line < lines; line++) speak(chain, random());
    } else if (manner.type === 'burst') {
      for (let left = manner.lines; left > 0; ) {
        const start = random();
        const lines = Math.min(left, 3 + Math.floor(random() * BURST_LINES_MAX));
        for (let line = 0; line < lines; line++) speak(chain, start + (line * (1 + random())) / LINES_PER_SYSTEM);
        left -= lines;
      }
    }
  }

  const common = chains.filter(({ head }) => head.manner.type === 'common');
  const weightOf = ({ head }: Chain): number => (head.manner.type === 'common' ? head.manner.weight : 0);
  const total = common.reduce((sum, chain) => sum + weightOf(chain), 0);
  if (common.length === 0) throw new Error('a system needs a common statement');
  for (const chain of common) speak(chain, random());
  while (spoken.length < LINES_PER_SYSTEM) {
    let rest = random() * total;
    const chosen = common.find((chain) => {
      rest -= weightOf(chain);
      return rest < 0;
    });
    speak(chosen ?? common[0]!, random());
  }
  // The last common ones may have brought followers too many: those go.
  return spoken.slice(0, LINES_PER_SYSTEM).sort((one, other) => one.place - other.place);
}
