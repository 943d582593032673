import type { Epoch, Sequence } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import { TEMPLATE_ID_PATTERN, TRIAGE_TIERS, type TriageVerdict } from '../../contract/triage.ts';
import type { BufferStats, RecentQuery } from '../buffer/types.ts';

export interface ToldBuffer {
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
  recent(query: RecentQuery): Promise<readonly ArchivedRecord[]>;
  stats(): Pick<BufferStats, 'epoch' | 'lastSequence'>;
}

/** A record whose verdict nobody was told of. */
export interface UntoldRecord {
  readonly record: ArchivedRecord;
  readonly verdict: TriageVerdict;
}

const TOLD_META = 'triage_told';
/** What was stored in the last moment before a kill; more is looked at by nobody. */
const LOOKED_AT_MAX = 2_000;

/**
 * Notes up to which record people have been told what was stored with a verdict, so that a kill between the commit and the telling costs no
 * alert: the next run finds those that came after.
 */
export class ToldMark {
  readonly #buffer: ToldBuffer;
  #noted: string | undefined;

  constructor(buffer: ToldBuffer) {
    this.#buffer = buffer;
    this.#noted = buffer.meta(TOLD_META);
  }

  /** Nothing of what is stored already was for us to tell, unless something is noted. @throws as `note`. */
  begin(): void {
    const { epoch, lastSequence } = this.#buffer.stats();
    if (this.#throughOf(epoch) === undefined) this.note(lastSequence);
  }

  /** @throws whatever the buffer throws that has no room. */
  note(sequence: Sequence): void {
    const text = `${this.#buffer.stats().epoch} ${sequence}`;
    if (text === this.#noted) return;
    this.#buffer.setMeta(TOLD_META, text);
    this.#noted = text;
  }

  /** Of a run that was killed; oldest first. A run that has closed leaves none. */
  async untold(): Promise<readonly UntoldRecord[]> {
    const { epoch, lastSequence } = this.#buffer.stats();
    const through = this.#throughOf(epoch);
    if (through === undefined || through >= lastSequence) return [];
    const limit = Math.min(LOOKED_AT_MAX, lastSequence - through);
    const records = await this.#buffer.recent({ limit });
    return records
      .flatMap((record) => {
        const verdict = verdictOf(record);
        const sequence = sequenceOf(record, epoch);
        return verdict !== undefined && sequence > through && sequence <= lastSequence ? [{ record, verdict }] : [];
      })
      .reverse();
  }

  /** `undefined`: triage never ran on this file. */
  #throughOf(epoch: Epoch): Sequence | undefined {
    const [noted, sequence] = this.#noted?.split(' ') ?? [];
    return noted === epoch && sequence !== undefined ? Number(sequence) : undefined;
  }
}

function sequenceOf({ id }: ArchivedRecord, epoch: Epoch): number {
  return id.startsWith(`${epoch}-`) ? Number(id.slice(epoch.length + 1)) : Number.NEGATIVE_INFINITY;
}

/** Of the triage, not of rules. */
function verdictOf({ triage }: ArchivedRecord): TriageVerdict | undefined {
  const { tier, template } = triage ?? {};
  const isOurs = TRIAGE_TIERS.some((one) => one === tier) && TEMPLATE_ID_PATTERN.test(String(template));
  return isOurs ? (triage as unknown as TriageVerdict) : undefined;
}
