import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATE_SPANS_MAX, type StateSpan } from '../../../../src/contract/report-facts.ts';
import { boundSpans } from '../../../../src/orchestrator/reports/facts/state-spans.ts';

/** Spans that follow on each other, by their states and seconds. */
function spansOf(parts: readonly (readonly [StateSpan['state'], number])[]): StateSpan[] {
  let at = 0;
  return parts.map(([state, seconds]) => {
    const from = new Date(at * 1_000).toISOString();
    at += seconds;
    return { from, to: new Date(at * 1_000).toISOString(), state, reason: state };
  });
}

const shortly = (spans: readonly StateSpan[]) =>
  spans.map(({ from, to, state }) => [state, (Date.parse(to) - Date.parse(from)) / 1_000]);

test('few spans stay as they are', () => {
  const spans = spansOf([
    ['up', 100],
    ['late', 1],
    ['down', 1],
  ]);

  assert.deepEqual(boundSpans(spans), spans);
});

test('what flickers is drawn together, and a long outage stays', () => {
  const flicker = Array.from({ length: 200 }, () => [['late', 5] as const, ['up', 300] as const]).flat();
  const spans = spansOf([...flicker, ['down', 840], ...flicker]);

  const bounded = boundSpans(spans);

  assert.ok(bounded.length <= STATE_SPANS_MAX);
  assert.deepEqual(
    shortly(bounded).filter(([state]) => state === 'down'),
    [['down', 840]],
  );
  assert.equal(bounded[0]?.from, spans[0]?.from);
  assert.equal(bounded.at(-1)?.to, spans.at(-1)?.to);
  for (const [index, span] of bounded.entries()) {
    if (index === 0) continue;
    assert.equal(span.from, bounded[index - 1]?.to, 'no hole');
    assert.notEqual(span.state, bounded[index - 1]?.state);
  }
});

test('the one that matters least goes into the milder neighbour, so that no outage gets longer by it', () => {
  const spans = spansOf([
    ['up', 1_000],
    ['late', 10],
    ['down', 600],
    ['up', 5],
    ['degraded', 100],
  ]);

  assert.deepEqual(shortly(boundSpans(spans, 4)), [
    ['up', 1_000],
    ['late', 10],
    ['down', 600],
    ['degraded', 105],
  ]);
  assert.deepEqual(shortly(boundSpans(spans, 1)), [['down', 1_715]]);
});
