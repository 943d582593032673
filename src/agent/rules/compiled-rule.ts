import type { RuleSettings } from '../../contract/rules.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { type Check, compileConditions, refuseUnknown } from './conditions.ts';
import { compileTransform, type Transform } from './effects.ts';
import type { RecordView } from './record-view.ts';

const KNOWN = ['name', 'description', 'when', 'effects'];
const RATE_MAX_MS = 7 * 86_400_000;

/** A rule, ready to be held against records. */
export class CompiledRule {
  readonly settings: RuleSettings;
  readonly checks: readonly Check[];
  readonly transform: Transform | undefined;
  /** Names its conditions: with others its counts begin anew. */
  readonly mark: string;

  /** @throws Error what is wrong with it, in words. */
  constructor(settings: RuleSettings) {
    if (typeof settings !== 'object' || settings === null || typeof settings.name !== 'string')
      throw new Error('it is no rule');
    const { name, when, effects } = settings;
    try {
      refuseUnknown(settings, KNOWN);
      this.checks = compileConditions(when);
      this.transform = compileTransform(effects, name);
      const spans = [when.rate?.withinMs, when.absentForMs].filter((span) => span !== undefined);
      if (spans.some((span) => !(span > 0)) || (when.rate?.withinMs ?? 0) > RATE_MAX_MS)
        throw new Error('its time is none');
    } catch (error) {
      throw new Error(`rule ${name.slice(0, 60)}: ${(error as Error).message}`);
    }
    this.settings = settings;
    this.mark = sha256Hex(JSON.stringify(when)).slice(0, 16);
  }

  get name(): string {
    return this.settings.name;
  }

  /** Whether a record fulfils the conditions that it can answer by itself. */
  fits(view: RecordView): boolean {
    for (const check of this.checks) if (!check.holds(view)) return false;
    return true;
  }
}
