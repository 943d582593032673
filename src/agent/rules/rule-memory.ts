import type { CompiledRule } from './compiled-rule.ts';
import { RateWindow, type StoredRate } from './rate-window.ts';

/*
 * What rules remember from record to record: how many came within a time, and when the one that must come came last. It is kept over a
 * restart, by rule and AI agent; a rule whose conditions were changed begins anew.
 */

/** Waits for records that should come. */
export interface Absence {
  readonly rule: CompiledRule;
  readonly agentId: string;
  /** When the last such record came, or when it began to wait. */
  lastAt: number;
  /** People know. */
  isTold: boolean;
}

interface StoredMemory {
  readonly version: 1;
  readonly rates: Readonly<Record<string, StoredRate>>;
  readonly absences: Readonly<Record<string, { readonly at: number; readonly told: boolean }>>;
}

/** Any record may name an AI agent of its own; past this the window that was used least lately begins anew. */
const WINDOWS_MAX = 2_000;
/** What of it is kept on disk, each second while there is anything to count: so much text of windows, and so many absences. */
const STORED_RATES_LENGTH_MAX = 100_000;
const STORED_ABSENCES_MAX = 500;

export class RuleMemory {
  readonly #windows = new Map<string, RateWindow>();
  #absences = new Map<string, Absence>();
  /** Of an earlier run, until it is taken up. */
  readonly #storedRates: Map<string, StoredRate>;
  readonly #storedAbsences: Map<string, StoredMemory['absences'][string]>;

  /** `stored`: what `text` gave in an earlier run; what can't be read counts as nothing. */
  constructor(stored?: string) {
    const { rates, absences } = parse(stored);
    this.#storedRates = new Map(Object.entries(rates));
    this.#storedAbsences = new Map(Object.entries(absences));
  }

  /** The window of a rule with a rate, for an AI agent. */
  window(rule: CompiledRule, agentId: string): RateWindow {
    const key = keyOf(rule, agentId);
    const known = this.#windows.get(key);
    this.#windows.delete(key); // the one used last stands last
    const { withinMs } = rule.settings.when.rate!;
    const window = known ?? new RateWindow(withinMs, this.#storedRates.get(key));
    this.#storedRates.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size > WINDOWS_MAX) this.#windows.delete(this.#windows.keys().next().value!);
    return window;
  }

  /** Takes up the windows of an earlier run whose rules there are: otherwise they would be forgotten with the first that is kept anew. */
  resume(rulesFor: (agentId: string) => readonly CompiledRule[]): void {
    for (const key of [...this.#storedRates.keys()]) {
      const agentId = key.slice(0, key.indexOf('\n'));
      const rule = rulesFor(agentId).find((one) => keyOf(one, agentId) === key);
      if (rule?.settings.when.rate !== undefined) this.window(rule, agentId);
    }
  }

  /** From now on waits for these, and for no others. */
  expect(expected: readonly { readonly rule: CompiledRule; readonly agentId: string }[], now: number): void {
    const before = this.#absences;
    this.#absences = new Map(
      expected.map(({ rule, agentId }) => {
        const key = keyOf(rule, agentId);
        const stored = this.#storedAbsences.get(key);
        this.#storedAbsences.delete(key); // a rule that goes and comes again begins anew
        const known =
          before.get(key) ??
          (stored === undefined ? undefined : { lastAt: Math.min(stored.at, now), isTold: stored.told });
        return [key, { rule, agentId, lastAt: known?.lastAt ?? now, isTold: known?.isTold ?? false }];
      }),
    );
  }

  absence(rule: CompiledRule, agentId: string): Absence | undefined {
    return this.#absences.get(keyOf(rule, agentId));
  }

  get absences(): Iterable<Absence> {
    return this.#absences.values();
  }

  /** The host's clock was set: as long as they have waited, they have waited. */
  shift(ms: number): void {
    for (const absence of this.#absences.values()) absence.lastAt += ms;
  }

  get isEmpty(): boolean {
    return this.#windows.size === 0 && this.#absences.size === 0;
  }

  /** To be kept on disk. Windows in which nothing is left are left out. */
  text(now: number): string {
    const rates: [string, StoredRate][] = [];
    let length = 0;
    for (const [key, window] of [...this.#windows].reverse()) {
      if (window.sum(now) === 0) continue;
      const { stored } = window;
      length += JSON.stringify([key, stored]).length;
      if (length > STORED_RATES_LENGTH_MAX) break;
      rates.unshift([key, stored]);
    }
    const absences = Object.fromEntries(
      [...this.#absences]
        .slice(-STORED_ABSENCES_MAX)
        .map(([key, { lastAt, isTold }]) => [key, { at: lastAt, told: isTold }]),
    );
    return JSON.stringify({ version: 1, rates: Object.fromEntries(rates), absences } satisfies StoredMemory);
  }
}

function keyOf(rule: CompiledRule, agentId: string): string {
  return `${agentId}\n${rule.mark}\n${rule.name}`;
}

function parse(text: string | undefined): StoredMemory {
  const nothing: StoredMemory = { version: 1, rates: {}, absences: {} };
  try {
    const stored = JSON.parse(text ?? 'null') as StoredMemory | null;
    return stored?.version === 1 ? { ...nothing, ...stored } : nothing;
  } catch {
    return nothing; // a count that begins anew harms less than an agent that doesn't start
  }
}
