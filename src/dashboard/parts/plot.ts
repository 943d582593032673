import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Words } from '../messages/words.ts';
import type { HistoryColumns } from '../model/history.ts';

/** One line of a chart: which column, and its colour as a custom property of styles/page.css. */
export interface PlotLine {
  readonly column: 'cpu' | 'ram' | 'disk' | 'buffer';
  readonly colour: '--plot-1' | '--plot-2';
}

export interface PlotOptions {
  readonly lines: readonly PlotLine[];
  readonly width: number;
  readonly height: number;
  /** Axes and a cursor; without them it is a sparkline. */
  readonly axes: { readonly words: Words; readonly unit: '%' | 'MB' } | undefined;
  /** The cursor moved over the point at this index of the columns, or left. */
  readonly onCursor?: (index: number | undefined) => void;
}

export interface Plot {
  /** Draws what lies between the two instants, epoch seconds. */
  draw(columns: HistoryColumns, from: number, to: number): void;
  resize(width: number): void;
  destroy(): void;
}

export function createPlot(target: HTMLElement, options: PlotOptions): Plot {
  let range: [number, number] = [0, 0];
  const style = getComputedStyle(target);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const plot = new uPlot(
    {
      width: options.width,
      height: options.height,
      padding: options.axes === undefined ? [2, 2, 2, 2] : [8, 20, 0, 0],
      legend: { show: false },
      cursor:
        options.axes === undefined ? { show: false } : { y: false, drag: { setScale: false, x: false, y: false } },
      scales: {
        // The same stretch for every agent, however little is known of one: lines begin where knowledge does.
        x: { time: true, range: () => range },
        y: { range: (_, __, max) => (options.axes?.unit === 'MB' ? [0, Math.max(0.1, (max ?? 0) * 1.2)] : [0, 100]) },
      },
      axes: options.axes === undefined ? [{ show: false }, { show: false }] : axes(options.axes, colour),
      series: [
        {},
        ...options.lines.map((line) => ({
          stroke: colour(line.colour),
          width: options.axes === undefined ? 1.25 : 1.5,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: { setCursor: [(self) => options.onCursor?.(self.cursor.idx ?? undefined)] },
    },
    [[], ...options.lines.map(() => [])],
    target,
  );
  return {
    draw(columns, from, to) {
      range = [from, to];
      plot.setData([columns.at, ...options.lines.map(({ column }) => columns[column])]);
    },
    resize: (width) => plot.setSize({ width, height: options.height }),
    destroy: () => plot.destroy(),
  };
}

function axes(
  { words, unit }: { readonly words: Words; readonly unit: '%' | 'MB' },
  colour: (name: string) => string,
): uPlot.Axis[] {
  const common = {
    stroke: colour('--ink-soft'),
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
  };
  const grid = { stroke: colour('--line'), width: 1 };
  return [
    {
      ...common,
      size: 28,
      space: 70,
      incrs: [60, 120, 300, 600, 900, 1200, 1800],
      grid: { show: false },
      values: (_, splits) => splits.map((at) => words.timeOfDay(at * 1000)),
    },
    {
      ...common,
      size: 48,
      space: 32,
      grid,
      values: (_, splits) =>
        splits.map((value) => (unit === '%' ? `${value}%` : words.number(value, value % 1 === 0 ? 0 : 2))),
    },
  ];
}
