/** The Prometheus text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type MetricLabels = Readonly<Record<string, string>>;

/** One counter or gauge with its value. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly value: number;
  readonly labels?: MetricLabels;
}

/** Everything under one name. A histogram's samples carry the suffixes `_bucket`, `_sum` and `_count`. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly suffix?: string;
  readonly labels?: MetricLabels | undefined;
  readonly value: number;
}

/** Samples of one name are put together, in the order in which the names come first. */
export function formatMetrics(metrics: readonly Metric[]): string {
  const families = new Map<string, MetricFamily & { readonly samples: MetricSample[] }>();
  for (const { name, type, help, value, labels } of metrics) {
    const family = families.get(name) ?? { name, type, help, samples: [] };
    family.samples.push({ labels, value });
    families.set(name, family);
  }
  return formatFamilies([...families.values()]);
}

export function formatFamilies(families: readonly MetricFamily[]): string {
  let text = '';
  for (const { name, type, help, samples } of families) {
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = '', labels, value } of samples)
      text += `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`;
  }
  return text;
}

/** `{state="up"}`; empty without labels. */
export function formatLabels(labels: MetricLabels = {}): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
