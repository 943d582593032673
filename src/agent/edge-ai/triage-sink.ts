import type { ArchivedRecord } from '../../contract/record.ts';
import type { AppendOptions, AppendResult, EncodedRecord, LinesBeforeQuery, RecordSink } from '../buffer/types.ts';
import type { Triage, TriageBuffer } from './triage.ts';

/** The buffer with triage before it: records are judged on their way, and people are told after the commit. */
export class TriageSink implements RecordSink, TriageBuffer {
  readonly #buffer: RecordSink & TriageBuffer;
  readonly #triage: Triage;

  constructor(buffer: RecordSink & TriageBuffer, triage: Triage) {
    this.#buffer = buffer;
    this.#triage = triage;
  }

  async append(records: readonly EncodedRecord[], options: AppendOptions = {}): Promise<AppendResult> {
    if (records.length === 0 || !this.#triage.isOn) return this.#buffer.append(records, options);
    const judgement = await this.#triage.judge(records);
    const result = await this.#buffer.append(judgement?.kept ?? records, options);
    if (judgement !== undefined && result.repeatedAnswer === undefined) await this.#triage.stored(judgement);
    return result;
  }

  positions(): ReturnType<RecordSink['positions']> {
    return this.#buffer.positions();
  }

  forgetPosition(file: string): void {
    this.#buffer.forgetPosition(file);
  }

  recent(query: Parameters<RecordSink['recent']>[0]): ReturnType<RecordSink['recent']> {
    return this.#buffer.recent(query);
  }

  stats(): ReturnType<RecordSink['stats']> {
    return this.#buffer.stats();
  }

  meta(name: string): string | undefined {
    return this.#buffer.meta(name);
  }

  setMeta(name: string, value: string): void {
    this.#buffer.setMeta(name, value);
  }

  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]> {
    return this.#buffer.linesBefore(query);
  }

  saveAlerts(): boolean {
    return this.#buffer.saveAlerts();
  }
}
