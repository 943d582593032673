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
/** What of it is kept on disk: some 100 kB at most. */
const STORED_MAX = 500;

export class RuleMemory {
  readonly #windows = new Map<string, RateWindow>();
  #absences = new Map<string, Absence>();
  readonly #stored: StoredMemory;

  /** `stored`: what `text` gave in an earlier run; what can't be read counts as nothing. */
  constructor(stored?: string) {
    this.#stored = parse(stored);
  }

  /** The window of a rule with a rate, for an AI agent. */
  window(rule: CompiledRule, agentId: string): RateWindow {
    const key = keyOf(rule, agentId);
    const known = this.#windows.get(key);
    this.#windows.delete(key); // the one used last stands last
    const { withinMs } = rule.settings.when.rate!;
    const window = known ?? new RateWindow(withinMs, this.#stored.rates[key]);
    this.#windows.set(key, window);
    if (this.#windows.size > WINDOWS_MAX) this.#windows.delete(this.#windows.keys().next().value!);
    return window;
  }

  /** From now on waits for these, and for no others. */
  expect(expected: readonly { readonly rule: CompiledRule; readonly agentId: string }[], now: number): void {
    const before = this.#absences;
    this.#absences = new Map(
      expected.map(({ rule, agentId }) => {
        const key = keyOf(rule, agentId);
        const stored = this.#stored.absences[key];
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

  get isEmpty(): boolean {
    return this.#windows.size === 0 && this.#absences.size === 0;
  }

  /** To be kept on disk. Windows in which nothing is left are left out. */
  text(now: number): string {
    const rates: Record<string, StoredRate> = {};
    for (const [key, window] of [...this.#windows].slice(-STORED_MAX))
      if (window.sum(now) > 0) rates[key] = window.stored;
    const absences = Object.fromEntries(
      [...this.#absences].slice(-STORED_MAX).map(([key, { lastAt, isTold }]) => [key, { at: lastAt, told: isTold }]),
    );
    return JSON.stringify({ version: 1, rates, absences } satisfies StoredMemory);
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
