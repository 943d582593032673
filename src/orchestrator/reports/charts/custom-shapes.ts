import { wordLabel } from './chart-text.ts';
import type { Side } from './layout.ts';
import { styleOf } from './layout.ts';
import { type Fill, NOT_KNOWN } from './palette.ts';

/** What echarts hands to the drawing of an item; the part of it that we use. */
export interface ItemApi {
  readonly value: (dimension: number) => number;
  readonly coord: (point: readonly [number, number]) => readonly [number, number];
  readonly size: (size: readonly [number, number]) => readonly [number, number];
}
export interface ItemParams {
  readonly coordSys: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** A rectangle between two edges, whichever of them is left: in a mirrored chart, the later one is. */
export function rectBetween(x0: number, x1: number, y: number, height: number, leastWidth = 0): object {
  const width = Math.max(Math.abs(x1 - x0), leastWidth);
  return { x: rounded(Math.min(x0, x1)), y: rounded(y), width: rounded(width), height: rounded(height) };
}

/** The style of a shape that is drawn by ourselves. */
export function shapeStyle({ color, decal, borderColor }: Fill): object {
  return {
    fill: color,
    // A copy: echarts writes into it.
    ...(decal === undefined ? {} : { decal: { ...decal } }),
    ...(borderColor === undefined ? {} : { stroke: borderColor, lineWidth: 0.5 }),
  };
}

/** Hundredths of a px are enough, and keep the drawing small. */
export function rounded(px: number): number {
  return Math.round(px * 100) / 100;
}

/** Runs of neighbours for which something holds, as first and last index. */
export function runsOf<T>(all: readonly T[], holds: (one: T) => boolean): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  all.forEach((one, index) => {
    if (!holds(one)) return;
    const last = runs.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  });
  return runs;
}

/** Hatching from bottom to top over the slots of which nothing is known: a gap that can't be taken for a zero. */
export function notKnownSeries<T>(
  side: Side,
  words: { readonly notKnown: string },
  grid: number,
  slots: readonly T[],
  isKnown: (slot: T) => boolean,
): object {
  return {
    type: 'custom',
    id: `not-known-${grid}`,
    name: wordLabel(words.notKnown, side.lang),
    xAxisIndex: grid,
    yAxisIndex: grid,
    silent: true,
    itemStyle: styleOf(NOT_KNOWN),
    encode: { x: [0, 1], y: [] },
    data: runsOf(slots, (slot) => !isKnown(slot)).map((run) => [...run]),
    renderItem: ({ coordSys }: ItemParams, api: ItemApi) => {
      const half = api.size([1, 0])[0] / 2;
      const [first, last] = [api.coord([api.value(0), 0])[0], api.coord([api.value(1), 0])[0]];
      const [low, high] = [Math.min(first, last) - half, Math.max(first, last) + half];
      return { type: 'rect', shape: rectBetween(low, high, coordSys.y, coordSys.height), style: shapeStyle(NOT_KNOWN) };
    },
  };
}
