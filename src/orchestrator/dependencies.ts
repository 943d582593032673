import { ERROR_CODES, type ErrorCode } from '../contract/error-codes.ts';
import type { DegradedDependency } from '../contract/health.ts';
import type { Clock } from '../platform/clock.ts';
import { errorCode } from '../platform/errors.ts';

/**
 * What the orchestrator relies on (Postgres, archive, Git, Vault), and which of it is away, by what those who use it have seen last: a
 * probe asks nobody. Reasons are the catalogue's words for the error's code, since whoever may reach `/readyz` reads them: no address and
 * no secret can be in them.
 */
export class Dependencies {
  readonly #clock: Clock;
  readonly #known = new Map<string, DegradedDependency | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whoever has just used `name` tells how it went; `undefined`: it answered. */
  note(name: string, error: unknown): void {
    if (error === undefined) {
      this.#known.set(name, undefined);
      return;
    }
    const said = errorCode(error);
    const code = (said in ERROR_CODES ? said : 'NSV_INTERNAL') as ErrorCode;
    const since = this.#known.get(name)?.since ?? new Date(this.#clock.now()).toISOString();
    this.#known.set(name, { name, code, reason: ERROR_CODES[code].meaning, since });
  }

  /** What is away, by name; `undefined`: it answered last, or was never asked. */
  find(name: string): DegradedDependency | undefined {
    return this.#known.get(name);
  }

  get degraded(): readonly DegradedDependency[] {
    return [...this.#known.values()].filter((one) => one !== undefined);
  }

  get names(): readonly string[] {
    return [...this.#known.keys()];
  }
}
