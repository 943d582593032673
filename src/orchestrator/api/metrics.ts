/** Counters of this process, in Prometheus' text form. Values per AI agent are in Postgres, not here: labels must stay few. */
export class Metrics {
  readonly #counters = new Map<string, number>();
  readonly #help: Readonly<Record<string, string>> = {
    nervesys_heartbeats_total: 'Heartbeats by outcome.',
    nervesys_alerts_told_total: 'Alert reports taken from agents.',
    nervesys_enrolments_total: 'Enrolments by outcome.',
    nervesys_key_rotations_total: 'Keys that servers have asked to exchange.',
    nervesys_http_requests_total: 'Answers by class of status.',
  };

  add(name: string, labels: Readonly<Record<string, string>>, value = 1): void {
    const key = `${name}${formatLabels(labels)}`;
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + value);
  }

  /** All counters, then the gauges handed in (name with labels → value). */
  render(gauges: ReadonlyMap<string, number>): string {
    const lines: string[] = [];
    const write = (entries: Iterable<readonly [string, number]>, type: 'counter' | 'gauge') => {
      let last = '';
      for (const [key, value] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const name = key.split('{', 1)[0]!;
        if (name !== last) {
          if (this.#help[name] !== undefined) lines.push(`# HELP ${name} ${this.#help[name]}`);
          lines.push(`# TYPE ${name} ${type}`);
        }
        last = name;
        lines.push(`${key} ${value}`);
      }
    };
    write(this.#counters, 'counter');
    write(gauges, 'gauge');
    return `${lines.join('\n')}\n`;
  }
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
