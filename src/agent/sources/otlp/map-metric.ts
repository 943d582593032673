import type { CumulativeSeries, SeriesPoint } from './cumulative-series.ts';
import type { RecordFields } from './map-log.ts';
import type { JsonObject } from './messages.ts';
import { agentNameOf, contextOf, normalisedColumns } from './normalise.ts';
import type { Origin } from './read-request.ts';
import { type Attributes, isoOf, nanosOf, numberOf, readAttributes, textOr } from './values.ts';
import { Unreadable } from './wire-reader.ts';

/** Usage of AI: all that Claude Code counts, and of gen_ai what has usage (tokens) in its name. Durations are in the spans. */
const KEPT_METRIC = /^claude_code\.|^gen_ai\.(?:.+\.)?usage(?:\.|$)/;
const KINDS = ['sum', 'gauge', 'histogram', 'exponentialHistogram', 'summary'] as const;
const TEMPORALITY_DELTA = 1;
const TEMPORALITY_CUMULATIVE = 2;
/** The point says that there was nothing to measure. */
const FLAG_NO_VALUE = 1;

export interface MappedMetric {
  readonly records: readonly RecordFields[];
  /** Data points that are counted, not kept. */
  readonly passedOver: number;
}

/**
 * A metric → one record for each data point, where it tells usage of AI. `delta` is what came since the series' last point: the
 * value itself where the sender reports deltas; for cumulative sums the difference, absent for the first point that we see of a
 * series older than the agent. A cumulative point that adds nothing is passed over. Points go to `series`, which learns them once they are stored.
 * @throws Unreadable
 */
export function mapMetric(metric: JsonObject, origin: Origin, series: CumulativeSeries): MappedMetric {
  const name = textOr(metric['name'], '');
  const kind = KINDS.find((known) => typeof metric[known] === 'object' && metric[known] !== null);
  if (kind === undefined) return { records: [], passedOver: 0 };
  const data = metric[kind] as JsonObject;
  const points = data['dataPoints'] ?? [];
  if (!Array.isArray(points)) throw new Unreadable('"dataPoints" is no list');
  if (!KEPT_METRIC.test(name)) return { records: [], passedOver: points.length };
  const records: RecordFields[] = [];
  for (const point of points) {
    if (typeof point !== 'object' || point === null) throw new Unreadable('a data point is no object');
    const record = mapPoint(name, textOr(metric['unit'], ''), kind, data, point as JsonObject, origin, series);
    if (record !== undefined) records.push(record);
  }
  return { records, passedOver: points.length - records.length };
}

function mapPoint(
  name: string,
  unit: string,
  kind: (typeof KINDS)[number],
  data: JsonObject,
  point: JsonObject,
  origin: Origin,
  series: CumulativeSeries,
): RecordFields | undefined {
  const counts = kind !== 'sum' && kind !== 'gauge';
  const value = numberOf(counts ? (point['sum'] ?? point['count']) : (point['asDouble'] ?? point['asInt']));
  if (value === undefined || ((numberOf(point['flags']) ?? 0) & FLAG_NO_VALUE) !== 0) return undefined;
  const attributes = readAttributes(point['attributes']);
  const temporality = numberOf(data['aggregationTemporality']);
  const cumulative = temporality === TEMPORALITY_CUMULATIVE && kind !== 'gauge';
  const count = counts ? numberOf(point['count']) : undefined;
  const startedAt = nanosOf(point['startTimeUnixNano']);
  const now: SeriesPoint = { startedAt: startedAt ?? 0n, value, count: count ?? 0 };
  const known = cumulative ? series.increase(seriesKey(name, kind, attributes, origin), now) : undefined;
  if (known !== undefined && known.value === 0 && known.count === 0) return undefined;
  const delta = temporality === TEMPORALITY_DELTA ? value : known?.value;
  const words = unit.replaceAll(/[{}]/g, '');
  return {
    timestamp: isoOf(nanosOf(point['timeUnixNano']), startedAt),
    level: 'INFO',
    agent_id: agentNameOf(attributes, origin),
    action: name,
    message: `${name} ${delta ?? value}${words === '' || words === '1' ? '' : ` ${words}`}`,
    context: contextOf(
      {
        ...normalisedColumns(attributes, origin, false), // tokens are counted by logs and spans: twice would be wrong
        metric: name,
        metric_kind: kind,
        value,
        delta,
        temporality: temporality === TEMPORALITY_DELTA ? 'delta' : cumulative ? 'cumulative' : undefined,
        unit: unit === '' ? undefined : unit,
        count,
        min: counts ? numberOf(point['min']) : undefined,
        max: counts ? numberOf(point['max']) : undefined,
        started_at: isoOf(startedAt),
      },
      attributes,
      origin,
      false,
    ),
  };
}

/** What makes a series in OTLP: who measures, what, and with which attributes (in any order). */
function seriesKey(name: string, kind: string, attributes: Attributes, origin: Origin): string {
  const sorted = (of: Attributes) => JSON.stringify(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${name} ${kind} ${origin.scope} ${sorted(attributes)} ${sorted(origin.resource)}`;
}
