import { emptyLevelCounts, type LevelCounts } from '../../src/contract/record.ts';
import type {
  AgentFacts,
  AlertFact,
  CriticalFacts,
  FactsPeriod,
  FactsSlot,
  FactsTotals,
  ReportFacts,
  Spread,
  StateSpan,
  TemplateFact,
  TrafficLight,
} from '../../src/contract/report-facts.ts';
import type { SummaryKind } from '../../src/contract/reports.ts';
import type { TemplateId } from '../../src/contract/triage.ts';
import { NO_TOTALS } from '../../src/orchestrator/reports/facts/totals.ts';

/** The days that people look at when a report is changed. Each is the same at every call. */
export const SAMPLE_DAYS = [
  'quiet',
  'bad',
  'empty',
  'short',
  'long',
  'one-agent',
  'thousand-agents',
  'hostile',
] as const;
export type SampleDay = (typeof SAMPLE_DAYS)[number];

const HOUR_MS = 3_600_000;
const ZONE = 'Asia/Jerusalem';
const PLAN_AGENTS = ['GROK', 'DEEPSEEK', 'GIMAI', 'CHATGPT', 'COPILOT'];
/** Names that come from servers: nothing in them may be taken for markup, a formula or a direction. */
export const HOSTILE_NAMES = [
  '=cmd|/C calc!A0',
  '#set page(fill: red) *bold* $x$',
  'סוכן \u202eהפוך\u202c 7',
  '<b>&amp;"\'</b>',
  '+1-800@SUM(A1:A9)',
  'שלום GROK 3.5 (בטא)',
  '-2+3\\n\\u0000',
];

/** Facts of a day, made up but in themselves consistent: totals are the sums of what they are totals of. */
export function sampleDay(name: SampleDay): ReportFacts {
  switch (name) {
    case 'quiet':
      return summary({ agents: PLAN_AGENTS });
    case 'bad':
      return summary({ agents: PLAN_AGENTS, trouble: true });
    case 'empty':
      return empty();
    case 'short': // clocks go forward at 02:00 on 27 March 2026
      return summary({ agents: PLAN_AGENTS, day: '2026-03-27', startsAt: '2026-03-26T22:00:00.000Z', hours: 23 });
    case 'long': // and back at 02:00 on 25 October 2026
      return summary({ agents: PLAN_AGENTS, day: '2026-10-25', startsAt: '2026-10-24T21:00:00.000Z', hours: 25 });
    case 'one-agent':
      return summary({ agents: ['GROK'], withWork: false });
    case 'thousand-agents':
      return summary({
        agents: Array.from({ length: 1_000 }, (_, n) => `AGENT-${String(n + 1).padStart(4, '0')}`),
        trouble: true,
      });
    case 'hostile':
      return summary({ agents: HOSTILE_NAMES, trouble: true, texts: HOSTILE_NAMES });
    default:
      return name satisfies never;
  }
}

/** A week or month with slots of a day. */
export function samplePeriod(kind: Exclude<SummaryKind, 'daily'>): ReportFacts {
  const week = kind === 'weekly';
  return summary({
    agents: PLAN_AGENTS,
    trouble: true,
    kind,
    name: week ? '2025-W50' : '2025-12',
    day: week ? '2025-12-08' : '2025-12-01',
    startsAt: week ? '2025-12-07T22:00:00.000Z' : '2025-11-30T22:00:00.000Z',
    hours: (week ? 7 : 31) * 24,
    slotHours: 24,
  });
}

/** The critical alerts of a day: one open, one acknowledged, one over. */
export function sampleCritical(name: 'plain' | 'hostile' = 'plain'): CriticalFacts {
  const period = periodOf({ name: '2025-12-10', day: '2025-12-10', startsAt: '2025-12-09T22:00:00.000Z', hours: 24 });
  const at = (hour: number, minute: number) =>
    new Date(Date.parse(period.starts_at) + hour * HOUR_MS + minute * 60_000).toISOString();
  const hostile = name === 'hostile';
  const alert = (n: number, state: 'open' | 'acknowledged' | 'resolved'): CriticalFacts['alerts'][number] => ({
    ...alertFact(n, hostile ? HOSTILE_NAMES[n]! : ['GROK', 'DEEPSEEK', 'CHATGPT'][n]!, at(3 + n * 4, 10), 'critical'),
    title: hostile
      ? HOSTILE_NAMES[n + 2]!
      : ['out of memory: killed process 4242', 'disk of AIGARDEN02 is full', 'payment service refuses all requests'][
          n
        ]!,
    state,
    acknowledged_at: state === 'open' ? null : at(3 + n * 4, 17),
    acknowledged_by: state === 'open' ? null : 'dana',
    resolved_at: state === 'resolved' ? at(3 + n * 4, 44) : null,
    resolved_by: state === 'resolved' ? 'dana' : null,
    reason: 'a word that says a program was ended by force',
    rule: n === 1 ? 'disk-full' : null,
    revision: 'abc123def456',
    lines: Array.from({ length: 21 }, (_, line) => ({
      at: at(3 + n * 4, 9),
      level: line === 20 ? 'CRITICAL' : line % 7 === 6 ? 'WARN' : 'INFO',
      text:
        line === 20
          ? 'out of memory: killed process 4242 (python)'
          : hostile
            ? HOSTILE_NAMES[line % HOSTILE_NAMES.length]!
            : `step ${line} of review finished in ${17 * line} ms`,
      is_cause: line === 20,
    })),
    timeline: [
      { at: at(3 + n * 4, 10), event: 'opened', severity: 'critical', by: null, note: null },
      ...(state === 'open'
        ? []
        : [
            {
              at: at(3 + n * 4, 17),
              event: 'acknowledged',
              severity: 'critical' as const,
              by: 'dana',
              note: 'looking at it',
            },
          ]),
      ...(state === 'resolved'
        ? [
            {
              at: at(3 + n * 4, 44),
              event: 'resolved',
              severity: 'critical' as const,
              by: 'dana',
              note: hostile ? HOSTILE_NAMES[1]! : 'restarted with more memory',
            },
          ]
        : []),
    ],
    deliveries: [
      { channel: 'oncall', state: 'told', at: at(3 + n * 4, 10), error: null },
      { channel: 'mail', state: 'failed', at: null, error: 'the mail server refuses the password' },
    ],
  });
  const alerts = [alert(0, 'resolved'), alert(1, 'acknowledged'), alert(2, 'open')];
  return { form: 1, kind: 'critical', period, version: 1, gathered_at: at(16, 0), gaps: [], alerts, total: 3, open: 2 };
}

interface Wishes {
  readonly agents: readonly string[];
  readonly trouble?: boolean;
  readonly kind?: SummaryKind;
  readonly name?: string;
  readonly day?: string;
  readonly startsAt?: string;
  readonly hours?: number;
  readonly slotHours?: number;
  readonly withWork?: boolean;
  readonly texts?: readonly string[];
}

function summary(wishes: Wishes): ReportFacts {
  const {
    agents: names,
    trouble = false,
    kind = 'daily',
    day = '2025-12-10',
    startsAt = '2025-12-09T22:00:00.000Z',
    hours = 24,
    slotHours = 1,
    withWork = true,
  } = wishes;
  const period = periodOf({ name: wishes.name ?? day, day, startsAt, hours });
  const slots = slotsOf(period, slotHours);
  const agents = names
    .map((name, n) => agentFacts(name, n, period, slots, trouble && n % 7 === 0))
    .sort((a, b) => rank(b.light) - rank(a.light));
  const level_counts = sumLevels(agents.map((agent) => agent.level_counts ?? emptyLevelCounts()));
  const list = alertsOf(agents, period, trouble);
  const texts = wishes.texts ?? [
    'review of <*> finished in <*> ms',
    'connection to <*> refused',
    'tool <*> failed: <*>',
    'token limit of <*> reached',
  ];
  const templates = texts.map((text, n) => templateFact(text, n, names, period));
  const bytes = 4_200_000 * names.length;
  const work = withWork ? aiWork(names, slots.length) : null;
  const down = sum(agents.map((agent) => agent.seconds.down ?? 0));
  const totals: FactsTotals = {
    servers: Math.ceil(names.length / 3),
    agents: names.length,
    availability: 1 - down / (period.seconds * names.length),
    down_seconds: down,
    late_seconds: sum(agents.map((agent) => agent.seconds.late ?? 0)),
    records: sumOf(level_counts),
    errors: level_counts.ERROR + level_counts.CRITICAL,
    error_rate: (level_counts.ERROR + level_counts.CRITICAL) / sumOf(level_counts),
    dropped_records: 120,
    lost_records: trouble ? 37 : 0,
    alerts_opened: list.length,
    alerts_critical: list.filter(({ severity }) => severity === 'critical').length,
    archived_bytes: bytes,
    text_bytes: bytes * 9,
    objects: 144 * Math.ceil(names.length / 3),
    archive_cost: 0.0123,
    ai_calls: work?.calls ?? null,
    ai_tokens: work === null ? null : work.input_tokens + work.output_tokens,
    ai_cost_usd: work?.cost_usd ?? null,
  };
  const scaled = (factor: number) =>
    Object.fromEntries(
      Object.entries(totals).map(([key, value]) => [
        key,
        value === null
          ? null
          : key === 'availability'
            ? Math.min(1, value * (2 - factor))
            : key === 'servers' || key === 'agents'
              ? value
              : key === 'error_rate' || key.endsWith('cost') || key.endsWith('usd')
                ? value * factor
                : Math.round(value * factor),
      ]),
    ) as unknown as FactsTotals;
  const at = (share: number) => new Date(Date.parse(period.starts_at) + share * period.seconds * 1_000).toISOString();
  return {
    form: 1,
    kind,
    period,
    version: trouble ? 2 : 1,
    gathered_at: new Date(Date.parse(period.ends_at) + 20 * 60_000).toISOString(),
    gaps: trouble
      ? [
          { kind: 'nobody_heard', from: at(0.5), to: at(0.52) },
          { kind: 'archive_behind', servers: ['AIGARDEN02'], count: 1 },
        ]
      : [],
    slots,
    totals,
    compared: {
      before: scaled(0.94),
      week_before: kind === 'daily' ? scaled(1.1) : null,
      habit: scaled(0.98),
      habit_of: 28,
    },
    trend: Array.from({ length: 14 }, (_, n) => ({
      day: dayBefore(period.last_day, 13 - n),
      ...(n === 4 ? NO_TOTALS : scaled(0.8 + ((n * 37) % 50) / 100)),
    })).map((one, n) => (n === 13 && kind === 'daily' ? { day: period.last_day, ...totals } : one)),
    agents,
    servers: Array.from({ length: Math.ceil(names.length / 3) }, (_, n) => ({
      server: serverOf(n * 3),
      state: 'up' as const,
      agents: Math.min(3, names.length - n * 3),
      seconds: { up: period.seconds },
      availability: 1,
      vitals: vitals(n),
      lost_records: trouble && n === 1 ? 37 : 0,
      dropped_records: 0,
      backlog_records_most: 1_200,
      oldest_unarchived_seconds_most: 640,
      archived_bytes: 12_600_000,
      objects: 144,
    })),
    by_slot: slots.map((_, index) => ({
      level_counts:
        trouble && index === Math.floor(slots.length / 2)
          ? null
          : sumLevels(agents.map((agent) => slotLevels(agent, slots.length))),
      vitals: { cpu_percent: spread(20 + 15 * Math.sin(index / 3)), ram_percent: spread(48), disk_percent: spread(23) },
      seconds: { up: (period.seconds / slots.length) * names.length },
      archived_bytes: Math.round(bytes / slots.length),
    })),
    templates: {
      top: templates,
      errors: templates.filter(({ level_counts: { ERROR } }) => ERROR > 0),
      new: templates.slice(-1),
      total: 412,
      new_total: 1,
    },
    alerts: {
      opened: list.length,
      resolved: list.filter(({ resolved_at }) => resolved_at !== null).length,
      open_at_end: list.filter(({ resolved_at }) => resolved_at === null).length,
      by_severity: {
        info: 0,
        warning: list.filter(({ severity }) => severity === 'warning').length,
        critical: totals.alerts_critical!,
      },
      by_kind: [...new Set(list.map(({ kind: one }) => one))].map((one) => ({
        kind: one,
        count: list.filter((alert) => alert.kind === one).length,
      })),
      acknowledge_seconds_median: list.length === 0 ? null : 420,
      resolve_seconds_median: list.length === 0 ? null : 2_040,
      list,
      total: list.length,
    },
    archive: {
      objects: totals.objects,
      records: totals.records,
      bytes,
      text_bytes: bytes * 9,
      compression: 9,
      standing_bytes: bytes * 240,
      standing_objects: totals.objects! * 240,
      currency: 'USD',
      cost: 0.0123,
      cost_month: 0.4,
      waiting_batches: trouble ? 3 : 0,
      buffer_peak: { server: 'AIGARDEN02', mb: trouble ? 88.4 : 6.2, at: at(0.6) },
      by_server: Array.from({ length: Math.min(20, Math.ceil(names.length / 3)) }, (_, n) => ({
        server: serverOf(n * 3),
        bytes: 12_600_000,
        text_bytes: 113_400_000,
        objects: 144,
      })),
    },
    losses: trouble ? [{ server: 'AIGARDEN02', lost_records: 37 }] : [],
    revisions: trouble
      ? [
          {
            revision: 'abc123def456',
            found_at: at(0.4),
            state: 'everywhere',
            commit: { subject: wishes.texts?.[1] ?? 'raise the limit of GROK', author: 'Dana', at: at(0.39) },
            rollout: { state: 'done', started_at: at(0.4), ended_at: at(0.42), reason: null },
            refused: null,
          },
        ]
      : [],
    ai_work: work,
  };
}

/** A day on which nothing is known: no server yet. */
function empty(): ReportFacts {
  const facts = summary({ agents: ['NOBODY'] });
  return {
    ...facts,
    gaps: [
      { kind: 'before_first_data', from: facts.period.starts_at, to: facts.period.ends_at },
      { kind: 'no_prices' },
    ],
    totals: NO_TOTALS,
    compared: { before: null, week_before: null, habit: null, habit_of: 0 },
    trend: facts.trend.map(({ day }) => ({ day, ...NO_TOTALS })),
    agents: [],
    servers: [],
    by_slot: facts.slots.map(() => ({
      level_counts: null,
      vitals: { cpu_percent: null, ram_percent: null, disk_percent: null },
      seconds: {},
      archived_bytes: null,
    })),
    templates: { top: [], errors: [], new: [], total: null, new_total: null },
    alerts: {
      opened: 0,
      resolved: 0,
      open_at_end: 0,
      by_severity: { info: 0, warning: 0, critical: 0 },
      by_kind: [],
      acknowledge_seconds_median: null,
      resolve_seconds_median: null,
      list: [],
      total: 0,
    },
    archive: {
      objects: null,
      records: null,
      bytes: null,
      text_bytes: null,
      compression: null,
      standing_bytes: null,
      standing_objects: null,
      currency: null,
      cost: null,
      cost_month: null,
      waiting_batches: null,
      buffer_peak: null,
      by_server: [],
    },
    losses: [],
    revisions: [],
    ai_work: null,
  };
}

function agentFacts(
  name: string,
  n: number,
  period: FactsPeriod,
  slots: readonly FactsSlot[],
  trouble: boolean,
): AgentFacts {
  const scale = slots.length * (40 + ((n * 17) % 60));
  const level_counts: LevelCounts = {
    DEBUG: scale,
    INFO: scale * 30,
    WARN: scale,
    ERROR: trouble ? scale : n % 5,
    CRITICAL: trouble ? 2 : 0,
  };
  const from = Date.parse(period.starts_at) + 3 * HOUR_MS + 10 * 60_000;
  const down = 14 * 60;
  const span = (start: number, end: number, state: StateSpan['state'], reason: string): StateSpan => ({
    from: new Date(start).toISOString(),
    to: new Date(end).toISOString(),
    state,
    reason,
  });
  const light: TrafficLight = trouble ? 'red' : n % 5 === 3 ? 'yellow' : 'green';
  return {
    agent_id: name,
    server: serverOf(n),
    light,
    light_reasons: trouble ? ['down', 'critical_alert'] : light === 'yellow' ? ['errors_above_habit'] : [],
    state: 'up',
    seconds: trouble ? { up: period.seconds - down - 180, late: 180, down } : { up: period.seconds },
    availability: trouble ? 1 - (down + 180) / period.seconds : 1,
    outages: trouble ? 1 : 0,
    longest_outage_seconds: trouble ? down : 0,
    spans: trouble
      ? [
          span(Date.parse(period.starts_at), from - 180_000, 'up', 'beats arrive'),
          span(from - 180_000, from, 'late', 'no beat for 2m30s'),
          span(from, from + down * 1_000, 'down', 'no beat for 5m'),
          span(from + down * 1_000, Date.parse(period.ends_at), 'up', 'beats arrive'),
        ]
      : null,
    level_counts,
    records: sumOf(level_counts),
    errors: level_counts.ERROR + level_counts.CRITICAL,
    error_rate: (level_counts.ERROR + level_counts.CRITICAL) / sumOf(level_counts),
    error_rate_habit: 0.0004,
    vitals: vitals(n),
    alerts_opened: trouble ? 2 : 0,
    alerts_critical: trouble ? 1 : 0,
    by_slot: slots.map((_, slot) =>
      trouble && slot === 3
        ? null
        : {
            records: Math.round(sumOf(level_counts) / slots.length),
            errors: Math.round((level_counts.ERROR + level_counts.CRITICAL) / slots.length),
            cpu_percent: 20 + ((n + slot) % 30),
            ram_percent: 40 + (n % 20),
            disk_percent: 23,
          },
    ),
  };
}

function alertsOf(agents: readonly AgentFacts[], { starts_at }: FactsPeriod, trouble: boolean): AlertFact[] {
  if (!trouble) return [];
  return agents
    .filter(({ light }) => light === 'red')
    .slice(0, 250)
    .flatMap(({ agent_id }, n) => {
      const at = new Date(Date.parse(starts_at) + 3 * HOUR_MS + n * 60_000).toISOString();
      return [alertFact(n * 2, agent_id, at, 'critical'), alertFact(n * 2 + 1, agent_id, at, 'warning')];
    });
}

function alertFact(n: number, agent_id: string, first_at: string, severity: AlertFact['severity']): AlertFact {
  const later = (minutes: number) => new Date(Date.parse(first_at) + minutes * 60_000).toISOString();
  return {
    id: String(n + 1),
    severity,
    kind: severity === 'critical' ? 'agent.silent' : 'log.critical',
    title: severity === 'critical' ? `${agent_id} is silent` : 'connection to 10.0.0.7 refused',
    server: serverOf(n),
    agent_id,
    count: 1 + (n % 4),
    first_at,
    last_at: later(12),
    acknowledged_at: n % 2 === 0 ? later(7) : null,
    acknowledged_by: n % 2 === 0 ? 'dana' : null,
    resolved_at: n % 3 === 2 ? null : later(14),
    resolved_by: null,
    from_before: false,
  };
}

function templateFact(text: string, n: number, agents: readonly string[], { starts_at }: FactsPeriod): TemplateFact {
  return {
    template: `${n}`.padStart(16, 'a') as TemplateId,
    text,
    lines: 9_000 - n * 1_000,
    level_counts: { ...emptyLevelCounts(), [n % 2 === 0 ? 'INFO' : 'ERROR']: 9_000 - n * 1_000 },
    agents: agents.slice(0, 5),
    agents_total: agents.length,
    is_alert: n % 2 === 1,
    first_seen_at: starts_at,
    lines_before: n === 2 ? null : 8_000,
  };
}

function aiWork(agents: readonly string[], slots: number): NonNullable<ReportFacts['ai_work']> {
  const by_agent_model = agents.slice(0, 200).map((agent_id, n) => ({
    agent_id,
    model: n % 4 === 3 ? null : 'gpt-5',
    calls: 900,
    failed_calls: 4,
    input_tokens: 2_000_000,
    output_tokens: 300_000,
    tool_calls: 400,
    tool_failures: 9,
    cost_usd: n % 4 === 3 ? null : 5.5,
  }));
  const of = (key: 'calls' | 'failed_calls' | 'input_tokens' | 'output_tokens' | 'tool_calls' | 'tool_failures') =>
    sum(by_agent_model.map((one) => one[key]));
  const tokens = of('input_tokens') + of('output_tokens');
  return {
    calls: of('calls'),
    failed_calls: of('failed_calls'),
    input_tokens: of('input_tokens'),
    output_tokens: of('output_tokens'),
    tool_calls: of('tool_calls'),
    tool_failures: of('tool_failures'),
    cost_usd: sum(by_agent_model.map(({ cost_usd }) => cost_usd ?? 0)),
    cost_is_partial: by_agent_model.some(({ cost_usd }) => cost_usd === null),
    by_agent_model,
    total: by_agent_model.length,
    tokens_by_slot: Array.from({ length: slots }, () => Math.round(tokens / slots)),
  };
}

function periodOf({
  name,
  day,
  startsAt,
  hours,
}: {
  name: string;
  day: string;
  startsAt: string;
  hours: number;
}): FactsPeriod {
  const ends = Date.parse(startsAt) + hours * HOUR_MS;
  return {
    name,
    first_day: day,
    last_day: dayBefore(day, 1 - Math.round(hours / 24)),
    time_zone: ZONE,
    starts_at: startsAt,
    ends_at: new Date(ends).toISOString(),
    seconds: hours * 3_600,
  };
}

function slotsOf({ starts_at, seconds, first_day }: FactsPeriod, slotHours: number): FactsSlot[] {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, hour: '2-digit', minute: '2-digit' });
  return Array.from({ length: seconds / 3_600 / slotHours }, (_, n) => {
    const start = Date.parse(starts_at) + n * slotHours * HOUR_MS;
    return {
      starts_at: new Date(start).toISOString(),
      ends_at: new Date(start + slotHours * HOUR_MS).toISOString(),
      label: slotHours === 1 ? clock.format(start) : dayBefore(first_day, -n),
    };
  });
}

function slotLevels({ level_counts }: AgentFacts, slots: number): LevelCounts {
  const counts = level_counts ?? emptyLevelCounts();
  const share = (count: number) => Math.round(count / slots);
  return {
    DEBUG: share(counts.DEBUG),
    INFO: share(counts.INFO),
    WARN: share(counts.WARN),
    ERROR: share(counts.ERROR),
    CRITICAL: share(counts.CRITICAL),
  };
}

function vitals(n: number): AgentFacts['vitals'] {
  return {
    cpu_percent: spread(20 + (n % 30)),
    ram_percent: spread(40 + (n % 40)),
    disk_percent: spread(23),
    buffer_size_mb: n % 6 === 5 ? null : spread(4),
  };
}

function spread(p50: number): Spread {
  return { p50, p95: Math.min(100, p50 * 1.6), max: Math.min(100, p50 * 1.9) };
}

function sumLevels(all: readonly LevelCounts[]): LevelCounts {
  const counts = emptyLevelCounts();
  for (const one of all) for (const level of Object.keys(counts) as (keyof LevelCounts)[]) counts[level] += one[level];
  return counts;
}

const rank = (light: TrafficLight) => ['grey', 'green', 'yellow', 'red'].indexOf(light);
const serverOf = (n: number) => `AIGARDEN${String(Math.floor(n / 3) + 1).padStart(2, '0')}`;
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const sumOf = (counts: LevelCounts) => sum(Object.values(counts));
const dayBefore = (day: string, days: number) =>
  new Date(Date.parse(`${day}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
