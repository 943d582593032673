import type { Chart, ChartAxis, ChartSeries } from 'excelize-wasm';
import { LEVELS } from '../../../contract/record.ts';
import type { ReportFacts } from '../../../contract/report-facts.ts';
import { type Book, cellName, INK, rangeOf } from './book.ts';
import { LEVEL_COLORS, STATE_COLORS } from './colors.ts';
import { BYTES_FORMAT } from './formats.ts';
import type { FleetHour } from './sheets/levels-sheet.ts';
import { type SummaryPlaces, TREND_COLUMNS } from './sheets/summary-sheet.ts';
import type { Table } from './table.ts';
import type { ColumnKey, WorkbookWords } from './words.ts';

interface ChartRows {
  readonly levels: Table<FleetHour>;
  readonly summary: SummaryPlaces;
}

const SIZES = [
  { Width: 475, Height: 265 },
  { Width: 420, Height: 265 },
] as const;
const ROWS_HIGH = 14;

/**
 * Native charts over the cells of this workbook, on its first sheet: they change with the cells, and a slot of which nothing is known is a
 * gap. One whose numbers are all unknown is left out, for Excel has no way to draw it.
 */
export function addCharts(book: Book, facts: ReportFacts, words: WorkbookWords, rows: ChartRows): void {
  const trend = (options: TrendOptions) => trendChart(book, facts, words, rows.summary, options);
  const drawn = [
    levelsChart(book, facts, words, rows.levels),
    statesChart(book, facts, words, rows.levels),
    vitalsChart(book, facts, words, rows.levels),
    trend({ key: 'records', title: 'recordsTrend', unit: words.charts.records, format: '#,##0', color: '8FB3D1' }),
    trend({ key: 'error_rate', title: 'errorsTrend', unit: words.charts.errorRate, format: '0.0%', color: 'AB3A30' }),
    trend({
      key: 'archived_bytes',
      title: 'archiveTrend',
      unit: words.charts.bytes,
      format: BYTES_FORMAT,
      color: '8FB3D1',
    }),
  ].filter((one) => one !== undefined);
  const { summary } = words.sheets;
  drawn.forEach((chart, place) => {
    const cell = cellName(place % 2 === 0 ? 1 : 5, rows.summary.chartsRow + Math.floor(place / 2) * ROWS_HIGH);
    const size = { Dimension: SIZES[place % 2 === 0 ? 0 : 1] };
    book.chart(summary, cell, { ...chart, ...size });
  });
  if (drawn.length === 0) book.cell(summary, cellName(1, rows.summary.chartsRow), words.nothingToDraw, 'words');
}

type Drawn = Chart | undefined;

function levelsChart(book: Book, facts: ReportFacts, words: WorkbookWords, table: Table<FleetHour>): Drawn {
  if (facts.by_slot.every(({ level_counts }) => level_counts === null)) return undefined;
  const { series } = columnsOf(words, table);
  return {
    ...base(words.charts.levels),
    Type: book.excelize.ColStacked,
    Series: LEVELS.map((level) => series(level.toLowerCase() as ColumnKey, LEVEL_COLORS[level])),
    XAxis: slotAxis(book, facts, words),
    YAxis: { ...axis(words.charts.records, '#,##0'), MajorGridLines: true, Minimum: 0 },
    GapWidth: 40,
    Overlap: 100,
  };
}

function statesChart(book: Book, facts: ReportFacts, words: WorkbookWords, table: Table<FleetHour>): Drawn {
  const states = (
    [
      ['up', 'up'],
      ['late', 'late'],
      ['degraded', 'degraded'],
      ['down', 'down'],
      ['unknown', 'unknownTime'],
    ] as const
  ).filter(([state]) => facts.by_slot.some(({ seconds }) => (seconds[state] ?? 0) > 0));
  if (states.length === 0) return undefined;
  const { series } = columnsOf(words, table);
  return {
    ...base(words.charts.states),
    Type: book.excelize.ColPercentStacked,
    Series: states.map(([state, key]) => series(key, STATE_COLORS[state])),
    XAxis: slotAxis(book, facts, words),
    YAxis: { ...axis(words.charts.share, '0%'), MajorGridLines: true, Minimum: 0 },
    GapWidth: 20,
    Overlap: 100,
  };
}

function vitalsChart(book: Book, facts: ReportFacts, words: WorkbookWords, table: Table<FleetHour>): Drawn {
  const isTold = (key: 'cpu_percent' | 'ram_percent') => facts.by_slot.some(({ vitals }) => vitals[key] !== null);
  const { line } = columnsOf(words, table);
  const lines = [
    ...(isTold('cpu_percent')
      ? [line('cpuMedian', '1F5A8C', 'solid', book), line('cpu95', '1F5A8C', 'dash', book)]
      : []),
    ...(isTold('ram_percent')
      ? [line('ramMedian', 'C4752A', 'solid', book), line('ram95', 'C4752A', 'dash', book)]
      : []),
  ];
  if (lines.length === 0) return undefined;
  return {
    ...base(words.charts.vitals),
    Type: book.excelize.Line,
    Series: lines,
    XAxis: slotAxis(book, facts, words),
    YAxis: { ...axis(words.charts.percent, '0%'), MajorGridLines: true, Minimum: 0, Maximum: 1 },
  };
}

/** One number of the last days. */
function trendChart(
  book: Book,
  { trend }: ReportFacts,
  words: WorkbookWords,
  { trend: [first, last] }: SummaryPlaces,
  { key, title, unit, format, color }: TrendOptions,
): Drawn {
  if (trend.every((day) => day[key] === null)) return undefined;
  const { summary } = words.sheets;
  const column = TREND_COLUMNS[key];
  return {
    ...base(words.charts[title]),
    Type: book.excelize.Col,
    Series: [
      {
        Name: `'${summary}'!${absolute(column, first - 1)}`,
        Categories: rangeOf(summary, TREND_COLUMNS.day, first, last),
        Values: rangeOf(summary, column, first, last),
        Fill: solid(color),
      },
    ],
    Legend: { Position: 'none' }, // the title says it
    XAxis: {
      ...axis(words.charts.day, 'd.m'),
      Alignment: { TextRotation: -45 },
      ReverseOrder: book.isRightToLeft,
    },
    YAxis: { ...axis(unit, format), MajorGridLines: true, Minimum: 0 },
    GapWidth: 60,
  };
}

interface TrendOptions {
  readonly key: Exclude<keyof typeof TREND_COLUMNS, 'day'>;
  readonly title: 'recordsTrend' | 'errorsTrend' | 'archiveTrend';
  readonly unit: string;
  readonly format: string;
  readonly color: string;
}

function columnsOf({ sheets }: WorkbookWords, table: Table<FleetHour>) {
  const first = table.headerRow + 1;
  const of = (key: ColumnKey) => rangeOf(sheets.levels, table.column(key) ?? 1, first, table.lastRow);
  const named = (key: ColumnKey): Pick<ChartSeries, 'Name' | 'Categories' | 'Values'> => ({
    Name: `'${sheets.levels}'!${absolute(table.column(key) ?? 1, table.headerRow)}`,
    Categories: of('slot'),
    Values: of(key),
  });
  return {
    series: (key: ColumnKey, color: string): ChartSeries => ({ ...named(key), Fill: solid(color) }),
    line: (key: ColumnKey, color: string, dash: 'solid' | 'dash', book: Book): ChartSeries => ({
      ...named(key),
      Fill: solid(color), // the library takes a line's colour from here
      Line: {
        Type: book.excelize.LineSolid,
        Fill: solid(color),
        Width: dash === 'solid' ? 2 : 1.25,
        Dash: dash === 'solid' ? book.excelize.LineDashSolid : book.excelize.LineDashDash,
      },
      Marker: { Symbol: 'none' },
    }),
  };
}

const absolute = (column: number, row: number) => cellName(column, row).replace(/^([A-Z]+)(\d+)$/, '$$$1$$$2');
const solid = (color: string) => ({ Type: 'pattern', Pattern: 1, Color: [color] });

function base(title: string): Pick<Chart, 'Title' | 'Legend' | 'ShowBlanksAs' | 'Format' | 'VaryColors'> {
  return {
    Title: { Paragraph: [{ Text: title, Font: { Size: 11, Bold: true, Color: INK, Family: 'Calibri' } }] },
    Legend: { Position: 'bottom' },
    ShowBlanksAs: 'gap',
    VaryColors: false, // by series, never by point
    Format: { AltText: title, Positioning: 'oneCell' },
  };
}

function axis(title: string, format: string): ChartAxis {
  return {
    Title: { Paragraph: [{ Text: title, Font: { Size: 9, Color: INK, Family: 'Calibri' } }] },
    NumFmt: { CustomNumFmt: format, SourceLinked: false },
    Font: { Size: 8, Color: INK },
  };
}

/** Time runs as its reader reads. */
function slotAxis(book: Book, { kind }: ReportFacts, words: WorkbookWords): ChartAxis {
  return {
    ...axis(kind === 'daily' ? words.charts.hour : words.charts.day, '@'),
    ReverseOrder: book.isRightToLeft,
  };
}
