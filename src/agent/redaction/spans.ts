import type { LinearPattern } from '../../platform/linear-pattern.ts';

/** A part of a text that is replaced, as a `kind` of secret. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

/** What stands in the place of a secret. */
export function marked(kind: string): string {
  return `[redacted:${kind}]`;
}

/** What a pattern finds, by place. Where it gives up, all behind that place counts as found: half a secret is one too many. */
export function patternSpans(text: string, pattern: LinearPattern, kind: string): Span[] {
  const { found, exhausted } = pattern.findAll(text);
  const spans = found.map(({ start, end }) => ({ start, end, kind }));
  if (exhausted !== undefined) spans.push({ start: exhausted, end: text.length, kind });
  return spans;
}

/** By place; of two that overlap the union goes, under the kind of the first. */
export function withoutOverlap(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}

/** The text with marks in the place of `spans`, which stand by place and don't overlap; their kinds are added to `kinds`. */
export function replaced(text: string, spans: readonly Span[], kinds: Set<string>): string {
  const parts: string[] = [];
  let done = 0;
  for (const { start, end, kind } of spans) {
    parts.push(text.slice(done, start), marked(kind));
    kinds.add(kind);
    done = end;
  }
  parts.push(text.slice(done));
  return parts.join('');
}
