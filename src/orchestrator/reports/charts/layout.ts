import type { ReportLanguage } from '../../../contract/reports.ts';
import { wordLabel } from './chart-text.ts';
import { CHART_WIDTH_PX, FONT_FAMILY, FONT_PX } from './draw-chart.ts';
import { FAINT_INK, type Fill, GRID_LINE, INK } from './palette.ts';

/**
 * What charts have in common: edges, axes, legends, and their mirror image.
 *
 * In Hebrew all of a chart is mirrored, as the table beside it is: the axis of values stands on the right, where reading begins, time runs
 * from right to left, legends and panels follow each other from right to left. Numbers, times and names keep the direction of their own.
 */
export interface Side {
  readonly lang: ReportLanguage;
  /** Where reading begins. */
  readonly start: 'left' | 'right';
  readonly end: 'left' | 'right';
  readonly isMirrored: boolean;
}

export function sideOf(lang: ReportLanguage): Side {
  const isMirrored = lang === 'he';
  return { lang, isMirrored, start: isMirrored ? 'right' : 'left', end: isMirrored ? 'left' : 'right' };
}

/** A box on the sheet; `before` is from the side where reading begins, so that it needs no mirroring. */
export interface Box {
  readonly before: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
}

/** Kept free at the end of each grid: half of the last label reaches over it. */
export const RIM_PX = 13;

/** The room for labels is ours to leave: echarts would shrink a grid whose last label reaches over the rim. */
export function gridOf(side: Side, { before, width, top, height }: Box): object {
  return { [side.start]: before, [side.end]: CHART_WIDTH_PX - before - width, top, height, outerBoundsMode: 'none' };
}

/** Of a panel, above its first corner. */
export function panelTitle(side: Side, text: string, before: number, top: number): object {
  return freeText(side, text, before, top, { fontWeight: 700, color: INK });
}

export function panelNote(side: Side, text: string, before: number, top: number): object {
  return freeText(side, text, before, top, { fontWeight: 400, color: FAINT_INK });
}

function freeText(side: Side, text: string, before: number, top: number, style: object): object {
  return {
    text: wordLabel(text, side.lang),
    // Held at its first edge, so that a width that is measured a little wrong can't push it over the rim.
    left: side.isMirrored ? CHART_WIDTH_PX - before : before,
    textAlign: side.start,
    top,
    padding: 0,
    textStyle: { fontFamily: FONT_FAMILY, fontSize: FONT_PX, ...style },
  };
}

/** What stands for a line, as it is drawn. */
export const LINE_ICON = 'path://M0 4h16v2h-16z';
export const DASHED_LINE_ICON = 'path://M0 4.5h4v1h-4zM6 4.5h4v1h-4zM12 4.5h4v1h-4z';

export interface LegendEntry {
  readonly name: string;
  readonly fill: Fill;
  /** Absent: a filled rectangle. */
  readonly icon?: string;
}

/** In the order of reading. Series are called by the same words; whoever isn't named here isn't in it. */
export function legendOf(side: Side, entries: readonly LegendEntry[]): object {
  const data = entries.map(({ name, fill, icon = 'rect' }) => ({
    name: wordLabel(name, side.lang),
    icon,
    itemStyle: styleOf(fill),
  }));
  return {
    data: side.isMirrored ? data.reverse() : data,
    [side.start]: 0,
    top: 0,
    padding: 0,
    align: side.start,
    itemWidth: 16,
    itemHeight: 10,
    itemGap: 14,
    selectedMode: false,
    textStyle: { fontFamily: FONT_FAMILY, fontSize: FONT_PX, color: INK },
  };
}

export function styleOf({ color, decal, borderColor }: Fill): object {
  return {
    color,
    // A copy: echarts writes into it.
    ...(decal === undefined ? {} : { decal: { ...decal } }),
    ...(borderColor === undefined ? {} : { borderColor, borderWidth: 0.5 }),
  };
}

/** An axis of values, with few lines. */
export function valueAxis(side: Side, grid: number, format: (value: number) => string, most?: number): object {
  return {
    type: 'value',
    gridIndex: grid,
    position: side.start,
    min: 0,
    ...(most === undefined ? {} : { max: most }),
    splitNumber: 3,
    axisLabel: { ...labels(), formatter: (value: number) => format(value) },
    splitLine: { lineStyle: { color: GRID_LINE, width: 0.8 } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

/** An axis of slots; `isLabelled` picks those that are written out, for not all have the room. */
export function slotAxis(
  side: Side,
  grid: number,
  names: readonly string[],
  isLabelled: (index: number) => boolean,
): object {
  return {
    type: 'category',
    gridIndex: grid,
    inverse: side.isMirrored,
    data: names,
    axisLabel: { ...labels(), interval: (index: number) => isLabelled(index) },
    axisTick: { show: false },
    axisLine: { onZero: false, lineStyle: { color: FAINT_INK, width: 0.8 } },
  };
}

export function labels(): object {
  return { fontFamily: FONT_FAMILY, fontSize: FONT_PX, color: FAINT_INK, margin: 6, hideOverlap: false };
}
