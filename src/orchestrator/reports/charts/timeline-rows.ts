import type { FactsPeriod, FactsSlot } from '../../../contract/report-facts.ts';
import type { ReportKind } from '../../../contract/reports.ts';
import { type ItemApi, rectBetween, shapeStyle } from './custom-shapes.ts';
import { labels, type Side, styleOf } from './layout.ts';
import { FAINT_INK, type Fill } from './palette.ts';
import type { SlotNames } from './slot-names.ts';

/** Rows of spans over a period, to the second: of states, of alerts. */
export const ROW_PX = 17;
/** Kept for the names beside them. */
export const NAMES_PX = 138;
const BAR_PX = 12;
/** Of trouble: a minute in a month would else be thinner than a printer's dot. */
const TROUBLE_WIDTH_LEAST_PX = 1.5;

/** In seconds from the start of the period. */
export interface RowSpan {
  readonly from: number;
  readonly to: number;
}

export interface SpanSeries {
  readonly id: string;
  readonly name: string;
  readonly fill: Fill;
  readonly isTrouble: boolean;
  /** Of each row. */
  readonly spans: readonly (readonly RowSpan[])[];
}

/** Spans of one kind, in all rows. */
export function spanSeries({ id, name, fill, isTrouble, spans }: SpanSeries): object {
  return {
    type: 'custom',
    id,
    name,
    silent: true,
    // Trouble is drawn over what is around it: its least width may reach into that.
    z: isTrouble ? 3 : 2,
    itemStyle: styleOf(fill),
    encode: { x: [1, 2], y: 0 },
    data: spans.flatMap((ofRow, row) => ofRow.map(({ from, to }) => [row, from, to])),
    renderItem: (_: unknown, api: ItemApi) => {
      const [row, from, to] = [api.value(0), api.value(1), api.value(2)];
      const [x0, y] = api.coord([from, row]);
      const [x1] = api.coord([to, row]);
      return {
        type: 'rect',
        shape: rectBetween(x0, x1, y - BAR_PX / 2, BAR_PX, isTrouble ? TROUBLE_WIDTH_LEAST_PX : 0),
        style: shapeStyle(fill),
      };
    },
  };
}

/** Exact to the second, labelled where slots begin (hours) or in their middle (days). */
export function timeAxis(
  side: Side,
  { kind, period, slots }: { kind: ReportKind; period: FactsPeriod; slots: readonly FactsSlot[] },
  { names, isLabelled }: SlotNames,
): object {
  const since = (at: number) => (at - Date.parse(period.starts_at)) / 1_000;
  const starts = slots.map(({ starts_at }) => since(Date.parse(starts_at)));
  const middles = slots.map(({ starts_at, ends_at }) => since((Date.parse(starts_at) + Date.parse(ends_at)) / 2));
  const places = kind === 'weekly' || kind === 'monthly' ? middles : starts;
  const shown = places.flatMap((place, index) => (isLabelled(index) ? [{ place, name: names[index] ?? '' }] : []));
  return {
    type: 'value',
    gridIndex: 0,
    min: 0,
    max: period.seconds,
    inverse: side.isMirrored,
    axisLabel: {
      ...labels(),
      customValues: shown.map(({ place }) => place),
      formatter: (value: number) => shown.find(({ place }) => place === value)?.name ?? '',
    },
    axisTick: { show: true, customValues: starts.filter((_, index) => isLabelled(index)), length: 3 },
    axisLine: { show: true, onZero: false, lineStyle: { color: FAINT_INK, width: 0.8 } },
    splitLine: { show: false },
  };
}

export function rowAxis(side: Side, grid: number, names: readonly string[]): object {
  return {
    type: 'category',
    gridIndex: grid,
    position: side.start,
    inverse: true,
    data: names,
    axisLabel: { ...labels(), interval: 0 },
    axisTick: { show: false },
    axisLine: { show: false },
  };
}
