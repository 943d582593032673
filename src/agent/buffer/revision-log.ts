import type { ConfigSpan } from '../../contract/batch.ts';
import type { Sequence } from '../../contract/ids.ts';

/** More changes than that within what waits: the oldest are told as the one after them. */
const SPANS_MAX = 50;

/** Which revision of the configuration ran from which record on; kept in the buffer file, so that batches can tell after a restart too. */
export class RevisionLog {
  readonly #spans: ConfigSpan[];

  /** `text`: what `format` gave; what can't be read counts as nothing. */
  constructor(text: string | undefined) {
    this.#spans = parse(text);
  }

  get current(): string | undefined {
    return this.#spans.at(-1)?.revision;
  }

  /** From `first` on records are taken under `revision`. What ended at `sealedThrough` or before is forgotten. */
  begin(revision: string, first: Sequence, sealedThrough: Sequence): void {
    if (this.#spans.at(-1)?.first === first) this.#spans.pop(); // no record came under it
    if (this.current !== revision) this.#spans.push({ revision, first });
    while (
      this.#spans.length > SPANS_MAX ||
      (this.#spans[1] !== undefined && this.#spans[1].first <= sealedThrough + 1)
    )
      this.#spans.shift();
  }

  /** Those under which the records from `first` to `last` were taken, each from where on within them. */
  within(first: Sequence, last: Sequence): readonly ConfigSpan[] {
    return this.#spans
      .filter(
        (span, index) => span.first <= last && (this.#spans[index + 1]?.first ?? Number.POSITIVE_INFINITY) > first,
      )
      .map(({ revision, first: from }) => ({ revision, first: Math.max(from, first) }));
  }

  format(): string {
    return JSON.stringify(this.#spans);
  }
}

function parse(text: string | undefined): ConfigSpan[] {
  try {
    const spans: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(spans) ? (spans as ConfigSpan[]) : [];
  } catch {
    return []; // a batch that doesn't tell its revision harms nobody
  }
}
