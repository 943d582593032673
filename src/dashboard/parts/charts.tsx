import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { HistoryPoint } from '../../contract/fleet.ts';
import type { AgentName } from '../live/history-cache.ts';
import type { TextKey } from '../messages/words.ts';
import { chartStart, type HistoryColumns, toColumns } from '../model/history.ts';
import { Figure } from './marks.tsx';
import { usePage, useWords } from './page-context.ts';
import { createPlot, type Plot, type PlotLine } from './plot.ts';

const SPARKLINE_HEIGHT = 30;
const CHART_HEIGHT = 160;
/** Charts are made this far before they come into view, so that slow scrolling never shows an empty one. */
const AHEAD_MARGIN = '160px';

const USE_LINES: readonly PlotLine[] = [
  { column: 'cpu', colour: '--plot-1' },
  { column: 'ram', colour: '--plot-2' },
];

/** CPU and RAM of the last hour in a table row. It exists only while it is near the screen: a thousand canvases would not do. */
export function Sparkline({ agent_id, server }: AgentName) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const visible = useVisible(box);
  const points = useHistory({ agent_id, server }, visible);
  usePlot(box, visible ? points : undefined, { lines: USE_LINES, height: SPARKLINE_HEIGHT });
  return (
    <div ref={box} class="sparkline" dir="ltr" role="img" aria-label={words.say('chartHour', { agent: agent_id })} />
  );
}

/** The three charts of an agent's details. */
export function HourCharts(agent: AgentName) {
  const points = useHistory(agent, true);
  return (
    <div class="charts">
      <HourChart
        title="chartUse"
        points={points}
        unit="%"
        lines={[
          { ...USE_LINES[0]!, label: 'columnCpu' },
          { ...USE_LINES[1]!, label: 'columnRam' },
        ]}
      />
      <HourChart title="chartDisk" points={points} unit="%" lines={[{ column: 'disk', colour: '--plot-1' }]} />
      <HourChart title="chartBuffer" points={points} unit="MB" lines={[{ column: 'buffer', colour: '--plot-1' }]} />
    </div>
  );
}

interface HourChartProps {
  readonly title: TextKey;
  readonly points: readonly HistoryPoint[] | undefined;
  readonly unit: '%' | 'MB';
  readonly lines: readonly (PlotLine & { readonly label?: TextKey })[];
}

function HourChart({ title, points, unit, lines }: HourChartProps) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<number>();
  const columns = usePlot(box, points, { lines, height: CHART_HEIGHT, unit, onCursor: setCursor });
  const shown = cursor ?? (columns === undefined ? undefined : columns.at.length - 1);

  const text = (line: PlotLine) => {
    const value = shown === undefined ? undefined : columns?.[line.column][shown];
    if (value === undefined || value === null) return words.say('none');
    return unit === '%' ? words.percent(value) : words.megabytes(value);
  };
  const at = cursor === undefined ? undefined : columns?.at[cursor];

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{words.say(title)}</span>
        {lines.map((line) => (
          <span key={line.column} class={`chart-value ${line.colour === '--plot-1' ? 'plot-1' : 'plot-2'}`}>
            {line.label !== undefined && `${words.say(line.label)} `}
            <Figure text={text(line)} />
          </span>
        ))}
        <span class="chart-time">{at !== undefined && <Figure text={words.timeOfDay(at * 1000)} />}</span>
      </figcaption>
      <div ref={box} class="chart-box" dir="ltr">
        {points === undefined && <p class="chart-note">{words.say('chartLoading')}</p>}
        {points?.length === 0 && <p class="chart-note">{words.say('chartEmpty')}</p>}
      </div>
    </figure>
  );
}

/** An agent's last hour as far as it is known, fetched and kept up to date while `wanted`. */
function useHistory({ agent_id, server }: AgentName, wanted: boolean): readonly HistoryPoint[] | undefined {
  const { history } = usePage();
  const [, paint] = useState({});
  useEffect(() => {
    if (!wanted) return;
    return history.watch({ agent_id, server }, () => paint({}));
  }, [history, agent_id, server, wanted]);
  return history.points({ agent_id, server });
}

interface UsePlotOptions {
  readonly lines: readonly PlotLine[];
  readonly height: number;
  /** With axes in this unit; a sparkline without. */
  readonly unit?: '%' | 'MB';
  readonly onCursor?: (index: number | undefined) => void;
}

/** Draws `points` into the box while there are any; made anew when the language or the colour scheme changes. Returns what is drawn. */
function usePlot(
  box: { readonly current: HTMLElement | null },
  points: readonly HistoryPoint[] | undefined,
  options: UsePlotOptions,
): HistoryColumns | undefined {
  const { live } = usePage();
  const words = useWords();
  const dark = useDarkScheme();
  const plot = useRef<Plot>();
  const drawable = points !== undefined && points.length > 0;
  const columns = useMemo(() => (drawable ? toColumns(points) : undefined), [drawable, points]);

  // The options are fixed for a chart's life, but for the language and (through the computed style) the colours.
  useEffect(() => {
    const target = box.current;
    if (!drawable || target === null) return;
    const { unit, onCursor, lines, height } = options;
    const made = createPlot(target, {
      lines,
      height,
      width: target.clientWidth,
      axes: unit === undefined ? undefined : { words, unit },
      ...(onCursor === undefined ? {} : { onCursor }),
    });
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (target.clientWidth > 0) made.resize(target.clientWidth);
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [drawable, words, dark]);

  useEffect(() => {
    if (columns === undefined) return;
    const now = Math.round(live.now() / 1000);
    plot.current?.draw(columns, chartStart(live.model.value.servers.values(), now), now);
  }, [columns, drawable, words, dark, live]);

  return columns;
}

function useDarkScheme(): boolean {
  const [dark, setDark] = useState(() => darkScheme().matches);
  useEffect(() => {
    const query = darkScheme();
    const onChange = () => setDark(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, []);
  return dark;
}

function darkScheme(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)');
}

const onVisible = new WeakMap<Element, (visible: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** Whether the element is on the screen or near it. One observer serves all rows. */
function useVisible(box: { readonly current: HTMLElement | null }): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    observer ??= new IntersectionObserver(
      (entries) => {
        for (const entry of entries) onVisible.get(entry.target)?.(entry.isIntersecting);
      },
      { rootMargin: AHEAD_MARGIN },
    );
    onVisible.set(element, setVisible);
    observer.observe(element);
    return () => {
      observer?.unobserve(element);
      onVisible.delete(element);
    };
  }, [box]);
  return visible;
}
