/** Counters of this process, in Prometheus' text form. Values per AI agent are in Postgres, not here: labels must stay few. */
export class Metrics {
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, () => number>();
  readonly #help: Readonly<Record<string, string>> = {
    nervesys_heartbeats_total: 'Heartbeats by outcome.',
    nervesys_alerts_told_total: 'Alert reports taken from agents.',
    nervesys_enrolments_total: 'Enrolments by outcome.',
    nervesys_key_rotations_total: 'Keys that servers have asked to exchange.',
    nervesys_config_answers_total: 'Requests for configuration by what they were answered.',
    nervesys_config_waiting_agents: 'Agents whose request for configuration is held.',
    nervesys_http_requests_total: 'Answers by class of status.',
  };

  add(name: string, labels: Readonly<Record<string, string>>, value = 1): void {
    const key = `${name}${formatLabels(labels)}`;
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + value);
  }

  /** A figure that is read whenever somebody asks. */
  gauge(name: string, read: () => number): void {
    this.#gauges.set(name, read);
  }

  /** All counters, then the gauges: those of `gauge`, and those handed in (name with labels → value). */
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
    write([...gauges, ...[...this.#gauges].map(([name, read]) => [name, read()] as const)], 'gauge');
    return `${lines.join('\n')}\n`;
  }
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
