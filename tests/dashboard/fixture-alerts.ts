import type { AlertDetail, AlertView, SilenceView } from '../../src/contract/fleet.ts';
import { problem } from '../../src/contract/problem.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { isWanted } from '../../src/dashboard/model/alert-pages.ts';
import type { FixtureData } from './fixture-server.ts';

interface Answer {
  readonly status: number;
  /** NDJSON where it is text. */
  readonly value: unknown;
}

/** What the orchestrator answers about alerts, silences and log lines. */
export function answerAlerts(
  call: string,
  query: URLSearchParams,
  body: string,
  data: FixtureData,
  nowMs: number,
): Answer {
  const now = new Date(nowMs).toISOString();
  data.alertsAsked.push(`${call}${query.size === 0 ? '' : `?${query}`}${body === '' ? '' : ` ${body}`}`);
  if (call === 'GET alerts') return { status: 200, value: { alerts: alertPage(data.alerts, query) } };
  if (call === 'GET silences') return { status: 200, value: { silences: data.silences } };
  if (call === 'GET logs') return { status: 200, value: linesOf(data.logs, query) };
  const [, method, collection, id = '', step] = /^(\w+) (alerts|silences)(?:\/(\w+))?(?:\/(\w+))?$/.exec(call) ?? [];
  if (method === 'GET') {
    const alert = data.alerts.find((one) => one.id === id);
    return alert === undefined ? notFound(call) : { status: 200, value: detailOf(alert, data) };
  }
  if (data.role === 'viewer') return { status: 403, value: problem('NSV_FORBIDDEN', 'for operators') };
  const against = data.onAlert?.(call, data);
  if (against !== undefined) return { status: 404, value: problem('NSV_NOT_FOUND', against) };
  if (method === 'DELETE') {
    data.silences = data.silences.filter((one) => one.id !== id);
    return { status: 200, value: {} };
  }
  if (collection === 'silences') {
    const { seconds, ...wish } = JSON.parse(body);
    const silence = makeSilence({
      id: '77',
      ...wish,
      starts_at: now,
      ends_at: new Date(nowMs + seconds * 1000).toISOString(),
    });
    data.silences.push(silence);
    if (wish.alert_id !== undefined)
      data.alertDetails[wish.alert_id] = { ...data.alertDetails[wish.alert_id], silenced_until: silence.ends_at };
    return { status: 201, value: silence };
  }
  const known = data.alerts.find((one) => one.id === id);
  if (known === undefined) return notFound(call);
  const change =
    step === 'resolve'
      ? ({ state: 'resolved', resolved_by: 'dana', resolved_at: now } as const)
      : ({ state: 'acknowledged', acknowledged_by: 'dana', acknowledged_at: now } as const);
  const changed = { ...known, ...change };
  data.alerts = data.alerts.map((one) => (one.id === id ? changed : one));
  const detail = detailOf(changed, data);
  const event = {
    at: now,
    event: change.state,
    severity: known.severity,
    by: 'dana',
    note: JSON.parse(body).note ?? null,
  };
  data.alertDetails[id] = { ...data.alertDetails[id], events: [...detail.events, event] };
  return { status: 200, value: changed };
}

function notFound(call: string): Answer {
  return { status: 404, value: problem('NSV_NOT_FOUND', call) };
}

function detailOf(alert: AlertView, { alertDetails }: FixtureData): AlertDetail {
  const opened = { at: alert.first_at, event: 'opened', severity: alert.severity, by: null, note: null } as const;
  return { ...alert, events: [opened], deliveries: [], silenced_until: null, ...alertDetails[alert.id], id: alert.id };
}

/** As the orchestrator: the one told last first, from `before` on, only what was asked for. */
function alertPage(alerts: readonly AlertView[], query: URLSearchParams): AlertView[] {
  const before = Date.parse(query.get('before') ?? '9999-01-01');
  const beforeId = Number(query.get('before_id') ?? 0);
  const wanted = {
    state: (query.get('state') ?? 'all') as 'all',
    severity: (query.get('severity') ?? 'info') as 'info',
    text: query.get('text') ?? '',
  };
  return alerts
    .filter((one) => isWanted(one, wanted))
    .filter((one) => {
      const at = Date.parse(one.last_at);
      return at < before || (at === before && Number(one.id) < beforeId);
    })
    .sort((a, b) => Date.parse(b.last_at) - Date.parse(a.last_at) || Number(b.id) - Number(a.id))
    .slice(0, Number(query.get('limit') ?? 200));
}

function linesOf(logs: readonly ArchivedRecord[], query: URLSearchParams): string {
  const [since, until] = [Date.parse(query.get('since') ?? ''), Date.parse(query.get('until') ?? '')];
  return logs
    .filter(({ timestamp }) => Date.parse(timestamp) >= since && Date.parse(timestamp) < until)
    .filter((one) => one.server === query.get('server') && (query.get('agent_id') ?? one.agent_id) === one.agent_id)
    .slice(0, Number(query.get('limit')))
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
}

export function makeSilence(change: Partial<SilenceView> & { readonly id: string }, nowMs = Date.now()): SilenceView {
  return {
    server: null,
    agent_id: null,
    kind: null,
    alert_id: null,
    starts_at: new Date(nowMs - 60_000).toISOString(),
    ends_at: new Date(nowMs + 3_600_000).toISOString(),
    reason: 'the disk is being exchanged',
    created_by: 'dana',
    created_at: new Date(nowMs - 60_000).toISOString(),
    ended_by: null,
    ...change,
  };
}

/** A record in archive form, `agoMs` before now. */
export function makeRecord(agoMs: number, change: Partial<ArchivedRecord> = {}, nowMs = Date.now()): ArchivedRecord {
  return {
    id: `01-${agoMs}`,
    timestamp: new Date(nowMs - agoMs).toISOString(),
    level: 'INFO',
    server: 'AIGARDEN01' as ArchivedRecord['server'],
    agent_id: 'GROK' as ArchivedRecord['agent_id'],
    action: 'code_review',
    message: `line of ${agoMs} ms ago`,
    context: {},
    ...change,
  };
}
