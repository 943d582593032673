import assert from 'node:assert/strict';
import { formatFamilies, formatLabels, type MetricFamily, type MetricSample } from '../../platform/metrics-text.ts';
import { ANY, type Family, type FamilyName, type LabelsOf, METRIC_FAMILIES } from './metric-families.ts';

/** Series under one name. More means that a label takes values it should not; what comes past it is counted under `other`. */
const SERIES_MAX = 1_000;
const OTHER = 'other';

/** What a figure that is read is at this moment: one number, or one for each set of labels. */
export type Reading<Name extends FamilyName<'counter' | 'gauge'>> =
  | number
  | readonly { readonly labels: LabelsOf<Name>; readonly value: number }[];

type Labels = Readonly<Record<string, string>>;
type Read = () => Reading<never> | Promise<Reading<never>>;

/**
 * What this process counts and measures, for Prometheus. A new figure gets a line in `METRIC_FAMILIES`; then whoever knows it calls `add`
 * (a counter), `observe` (a histogram), or hands in once how it is read (`gauge`, `counter`).
 */
export class Metrics {
  readonly #counts = new Map<string, Series<number>>();
  readonly #histograms = new Map<string, Series<Distribution>>();
  readonly #reads = new Map<string, Read>();

  constructor() {
    // What has not happened yet is 0, not absent: a rate over it is right from the first time on.
    for (const [name, family] of Object.entries<Family>(METRIC_FAMILIES)) {
      if (family.type === 'counter') {
        const series: Series<number> = new Map();
        for (const labels of closedLabels(family)) series.set(formatLabels(labels), { labels, value: 0 });
        this.#counts.set(name, series);
      }
      if (family.type === 'histogram') this.#histograms.set(name, new Map());
    }
  }

  add<Name extends FamilyName<'counter'>>(name: Name, labels: LabelsOf<Name>, value = 1): void {
    const found = seriesOf(this.#counts.get(name)!, name, labels as Labels, () => 0);
    found.value += value;
  }

  observe<Name extends FamilyName<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    const { buckets } = METRIC_FAMILIES[name];
    const { value: found } = seriesOf(this.#histograms.get(name)!, name, labels as Labels, () => ({
      counts: buckets.map(() => 0),
      count: 0,
      sum: 0,
    }));
    found.count++;
    found.sum += value;
    const at = buckets.findIndex((bound) => value <= bound);
    if (at >= 0) found.counts[at]!++;
  }

  /** A gauge that is read whenever somebody asks. One that can't be read just then is left out of that answer. */
  gauge<Name extends FamilyName<'gauge'>>(name: Name, read: () => Reading<Name> | Promise<Reading<Name>>): void {
    this.#reads.set(name, read as Read);
  }

  /** A counter that another part keeps by itself. */
  counter<Name extends FamilyName<'counter'>>(name: Name, read: () => Reading<Name>): void {
    this.#reads.set(name, read as Read);
  }

  async render(): Promise<string> {
    const families = await Promise.all(
      Object.entries<Family>(METRIC_FAMILIES).map(
        async ([name, { type, help, buckets = [] }]): Promise<MetricFamily> => {
          const read = this.#reads.get(name);
          if (read !== undefined) return { name, type, help, samples: await samplesOf(read) };
          const histogram = this.#histograms.get(name);
          if (histogram !== undefined)
            return { name, type, help, samples: [...histogram.values()].flatMap((one) => distribution(one, buckets)) };
          return { name, type, help, samples: [...(this.#counts.get(name)?.values() ?? [])] };
        },
      ),
    );
    return formatFamilies(families);
  }
}

type Series<Value> = Map<string, { readonly labels: Labels; value: Value }>;

interface Distribution {
  /** Not cumulative, one for each bound. */
  readonly counts: number[];
  count: number;
  sum: number;
}

function seriesOf<Value>(series: Series<Value>, name: string, labels: Labels, begin: () => Value): { value: Value } {
  const key = formatLabels(labels);
  const known = series.get(key);
  if (known !== undefined) return known;
  const family: Family = METRIC_FAMILIES[name as keyof typeof METRIC_FAMILIES];
  assert.deepEqual(Object.keys(labels).sort(), Object.keys(family.labels).sort(), `labels of ${name}`);
  if (series.size >= SERIES_MAX) {
    const other = Object.fromEntries(
      Object.entries(labels).map(([label, value]) => [label, family.labels[label] === ANY ? OTHER : value]),
    );
    if (formatLabels(other) !== key) return seriesOf(series, name, other, begin);
  }
  const made = { labels, value: begin() };
  series.set(key, made);
  return made;
}

/** Every set of labels that a family may have; none when one of them may be any text. */
function closedLabels({ labels }: Family): Labels[] {
  let sets: Labels[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (values === ANY) return [];
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value })));
  }
  return sets;
}

async function samplesOf(read: Read): Promise<readonly MetricSample[]> {
  try {
    const reading: number | readonly MetricSample[] = await read();
    return typeof reading === 'number' ? [{ value: reading }] : reading;
  } catch {
    return []; // Postgres is away: what says so is told, and what it would have said is not
  }
}

function distribution(
  { labels, value }: { readonly labels: Labels; readonly value: Distribution },
  buckets: readonly number[],
): MetricSample[] {
  let below = 0;
  return [
    ...value.counts.map((count, at) => {
      below += count;
      return { suffix: '_bucket', labels: { ...labels, le: String(buckets[at]) }, value: below };
    }),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: value.count },
    { suffix: '_sum', labels, value: value.sum },
    { suffix: '_count', labels, value: value.count },
  ];
}
