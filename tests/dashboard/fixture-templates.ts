import type { CorrectionView, TemplateDetail, TemplateView } from '../../src/contract/fleet-templates.ts';
import { problem } from '../../src/contract/problem.ts';
import { emptyLevelCounts, type Level } from '../../src/contract/record.ts';
import type { TemplateId, TemplateMark } from '../../src/contract/triage.ts';
import type { FixtureData } from './fixture-server.ts';

const PAGE = 50;

/** What the orchestrator answers about templates, and what people say of them. */
export function answerTemplates(
  call: string,
  query: URLSearchParams,
  body: string,
  data: FixtureData,
  nowMs: number,
): { readonly status: number; readonly value: unknown } {
  data.templatesAsked.push(`${call}${query.size === 0 ? '' : `?${query}`}${body === '' ? '' : ` ${body}`}`);
  if (call === 'GET templates') return { status: 200, value: pageOf(data.templates, query, nowMs) };
  const one = data.templates.find(({ template }) => call === `GET templates/${template}`);
  if (one !== undefined) return { status: 200, value: detailOf(one, nowMs) };
  if (data.role === 'viewer') return { status: 403, value: problem('NSV_FORBIDDEN', 'for operators') };
  const against = data.onAlert?.(call, data);
  if (against !== undefined) return { status: 409, value: problem('NSV_ALERT_UNMARKABLE', against) };
  const id = /^\w+ (?:alerts\/(\w+)\/mark|triage\/corrections\/(\w+))$/.exec(call);
  const template = id?.[2] ?? String(data.alerts.find((one) => one.id === id?.[1])?.detail['template']);
  const { mark, note = null } =
    body === '' ? { mark: null } : (JSON.parse(body) as { mark: TemplateMark; note?: string });
  data.templates = data.templates.map((one) => (one.template === template ? { ...one, mark } : one));
  const correction = mark === null ? null : makeCorrection({ template: template as TemplateId, mark, note }, nowMs);
  for (const alert of data.alerts) {
    if (alert.detail['template'] !== template) continue;
    data.alertDetails[alert.id] = { ...data.alertDetails[alert.id], correction };
    if (mark === 'ordinary')
      data.alerts = data.alerts.map((one) =>
        one.id === alert.id ? { ...one, state: 'resolved', resolved_by: 'dana' } : one,
      );
  }
  return correction === null ? { status: 204, value: undefined } : { status: 200, value: { correction, resolved: [] } };
}

function pageOf(templates: readonly TemplateView[], query: URLSearchParams, nowMs: number) {
  const [text, level, alert] = [query.get('q')?.toLowerCase() ?? '', query.get('level'), query.get('alert')];
  const wanted = templates.filter(
    (one) =>
      one.text.toLowerCase().includes(text) &&
      (level === null || one.level_counts[level as Level] > 0) &&
      (alert === null || (one.mark === null ? one.is_alert : one.mark === 'alert') === (alert === 'true')) &&
      (query.get('new') === null || Date.parse(one.first_seen_at) > nowMs - 86_400_000),
  );
  const from = wanted.findIndex((one) => one.template === query.get('cursor')) + 1;
  const page = wanted.slice(from, from + PAGE);
  return {
    templates: page,
    since: '2026-11-19',
    ...(from + PAGE < wanted.length ? { next: page.at(-1)!.template } : {}),
  };
}

function detailOf(template: TemplateView, nowMs: number): TemplateDetail {
  const { mark, level_counts: counts } = template;
  const days = [2, 1, 0].map((ago) => new Date(nowMs - ago * 86_400_000).toISOString().slice(0, 10));
  return {
    ...template,
    aliases: [],
    related: ['fedcba9876543210' as TemplateId],
    correction: mark === null ? null : makeCorrection({ template: template.template, mark, note: 'we know' }, nowMs),
    days: days.map((day) => ({ day, level_counts: counts })),
    agents: ['GROK', HOSTILE, 'סוכן'].map((agent) => ({ agent_id: agent, level_counts: counts })),
  };
}

const HOSTILE = '<img src=x onerror=alert(1)>';
let count = 0;

/** A template that was seen first two days ago; `change` says what is different about it. */
export function makeTemplate(text: string, change: Partial<TemplateView> = {}, nowMs = Date.now()): TemplateView {
  return {
    template: (++count).toString(16).padStart(16, '0') as TemplateId,
    text,
    first_seen_at: new Date(nowMs - 2 * 86_400_000).toISOString(),
    last_seen_at: new Date(nowMs - 90_000).toISOString(),
    is_alert: false,
    score: 0.12,
    mark: null,
    level_counts: { ...emptyLevelCounts(), INFO: 1_234 },
    ...change,
  };
}

export function makeCorrection(change: Partial<CorrectionView> = {}, nowMs = Date.now()): CorrectionView {
  return {
    template: '0123456789abcdef' as TemplateId,
    text: 'connection to <*> lost',
    mark: 'ordinary',
    note: null,
    marked_by: 'dana',
    marked_at: new Date(nowMs - 60_000).toISOString(),
    ...change,
  };
}
