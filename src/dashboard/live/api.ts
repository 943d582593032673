import type { AuditAction, AuditAnswer, AuditVerdict } from '../../contract/audit.ts';
import type {
  AlertDetail,
  AlertView,
  FleetAnswer,
  HistoryPoint,
  SilenceView,
  TokenAnswer,
  TokenView,
} from '../../contract/fleet.ts';
import type { MarkAnswer, TemplateDetail, TemplatesAnswer } from '../../contract/fleet-templates.ts';
import type { Problem } from '../../contract/problem.ts';
import type { Level } from '../../contract/record.ts';
import type { AnyFacts } from '../../contract/report-facts.ts';
import type { ReportDetail, ReportKind, ReportsAnswer, ReportView } from '../../contract/reports.ts';
import type { RevisionDetail, RevisionView, RolloutAnswer } from '../../contract/rollout.ts';
import type { TemplateMark } from '../../contract/triage.ts';
import type { AlertQuery } from '../model/alert-pages.ts';

/** An answer that isn't a success, with what the orchestrator said of it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly hint: string | undefined;
  /** How long to wait before asking again, where the orchestrator said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfterSeconds?: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What stands against something that failed, as the orchestrator said it. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

export interface TokenWish {
  /** A name or a pattern; null: any. */
  readonly server: string | null;
  /** Null: any number. */
  readonly uses: number | null;
  readonly expiresInSeconds: number;
}

/** What an operator may do to a rollout. */
export type RolloutStep = 'pause' | 'resume' | 'rollback';
export interface RolloutWish {
  /** Which one to go on with or back to; absent: the one that goes without saying. */
  readonly revision?: string;
  /** Why, for people. */
  readonly reason?: string;
}

/** Which page of the alerts is wanted. */
export interface AlertPageQuery extends Partial<AlertQuery> {
  readonly limit?: number;
  /** The last one of the page before; absent: the first page. */
  readonly after?: AlertView | undefined;
}

/** What an operator may say of an alert. */
export type AlertStep = 'acknowledge' | 'resolve';

/** Whose alerts nobody is to be told of. Names are patterns with `*` and `?`. */
export interface SilenceWish {
  readonly server?: string;
  readonly kind?: string;
  readonly alert_id?: string;
  readonly seconds: number;
  readonly reason: string;
}

/** Which templates of log lines are wanted. */
export interface TemplatesQuery {
  /** First seen within the last day. */
  readonly isNew: boolean;
  /** Whether people are told of them; absent: all. */
  readonly alert?: boolean | undefined;
  readonly level?: Level | undefined;
  readonly text: string;
}

/** Which archived records are wanted; instants in ISO 8601, `until` not included. */
export interface LogsQuery {
  readonly server: string;
  readonly agentId: string | null;
  readonly since: string;
  readonly until: string;
  readonly limit: number;
}

export interface AuditQuery {
  readonly limit: number;
  readonly before: number | undefined;
  readonly actions: readonly AuditAction[] | undefined;
  readonly text: string | undefined;
}

/** The orchestrator's API as the page uses it; 401 means that nobody is signed in. Every call rejects with an `ApiError`, or with the browser's error when there was no answer. */
export interface Api {
  signIn(name: string, password: string): Promise<void>;
  signOut(): Promise<void>;
  /** Who is signed in; a key of an agent has no role. */
  session(signal?: AbortSignal): Promise<{ readonly role?: string }>;
  fleet(signal?: AbortSignal): Promise<FleetAnswer>;
  /** The one told last first. */
  alerts(query: AlertPageQuery, signal?: AbortSignal): Promise<readonly AlertView[]>;
  alert(id: string, signal?: AbortSignal): Promise<AlertDetail>;
  /** Says that it was seen, or is over; for operators. */
  changeAlert(id: string, step: AlertStep, note: string | undefined): Promise<AlertView>;
  /** Says of the template that an alert was made from, or of a template, what it is; for operators. */
  markAlert(id: string, mark: TemplateMark, note: string | undefined): Promise<MarkAnswer>;
  markTemplate(template: string, mark: TemplateMark, note: string | undefined): Promise<MarkAnswer>;
  /** Takes that back. */
  unmarkTemplate(template: string): Promise<void>;
  /** A page of templates; `cursor`: `next` of the page before. */
  templates(query: TemplatesQuery, cursor: string | undefined, signal?: AbortSignal): Promise<TemplatesAnswer>;
  template(id: string, signal?: AbortSignal): Promise<TemplateDetail>;
  /** The newest `count` reports, of one kind or of all. */
  reports(kind: ReportKind | undefined, count: number, signal?: AbortSignal): Promise<ReportsAnswer>;
  report(kind: ReportKind, period: string, signal?: AbortSignal): Promise<ReportDetail>;
  /** What a version of it says. */
  reportFacts(kind: ReportKind, period: string, version: number, signal?: AbortSignal): Promise<AnyFacts>;
  /** Begins to make it, or makes it again; for admins. */
  makeReport(kind: ReportKind, period: string): Promise<ReportView>;
  /** Puts it on every shelf again, or on one; for admins. */
  sendReport(kind: ReportKind, period: string, shelf: string | undefined): Promise<ReportView>;
  /** Those that hold or are to come. */
  silences(signal?: AbortSignal): Promise<readonly SilenceView[]>;
  createSilence(wish: SilenceWish): Promise<SilenceView>;
  endSilence(id: string): Promise<void>;
  /** Archived records as NDJSON, oldest first. */
  logs(query: LogsQuery, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  history(agentId: string, server: string, minutes: number, signal?: AbortSignal): Promise<readonly HistoryPoint[]>;
  createToken(wish: TokenWish): Promise<TokenAnswer>;
  /** The newest tokens, without their secrets. */
  tokens(signal?: AbortSignal): Promise<readonly TokenView[]>;
  revokeToken(id: string): Promise<void>;
  /** Takes the server's key away; the event stream tells what became of it. */
  revokeServer(server: string): Promise<void>;
  /** Takes a server, or an AI agent on it, out of service or puts it back; for operators. The event stream tells what became of it. */
  setService(step: 'retire' | 'reinstate', server: string, agentId?: string): Promise<void>;
  /** The rollout under way, or the last one, and what each server runs. */
  rollout(signal?: AbortSignal): Promise<RolloutAnswer>;
  /** Pauses it, goes on, or goes back; for operators. */
  steerRollout(step: RolloutStep, wish: RolloutWish): Promise<RolloutAnswer>;
  /** The newest revisions of the configuration. */
  revisions(signal?: AbortSignal): Promise<readonly RevisionView[]>;
  revision(revision: string, signal?: AbortSignal): Promise<RevisionDetail>;
  /** Who did what, newest first; for admins. */
  audit(query: AuditQuery, signal?: AbortSignal): Promise<AuditAnswer>;
  auditVerdict(signal?: AbortSignal): Promise<AuditVerdict>;
  /** Opens the event stream; resolves once the orchestrator has answered with it. */
  events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** `base` is empty in the page, which asks the server it came from; tests give an address. */
export function createApi(base = ''): Api {
  async function call(path: string, options: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${base}/api/v1/${path}`, {
      credentials: 'same-origin',
      cache: 'no-store',
      ...options,
    });
    if (!response.ok) {
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      throw new ApiError(response.status, await readProblem(response), seconds > 0 ? seconds : undefined);
    }
    return response;
  }
  const read = async (path: string, signal: AbortSignal | undefined): Promise<unknown> =>
    (await call(path, signal === undefined ? {} : { signal })).json();
  const post = (path: string, body: unknown): Promise<Response> =>
    call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  return {
    async signIn(name, password) {
      await post('session', { name, password });
    },
    async signOut() {
      await call('session', { method: 'DELETE' });
    },
    async session(signal) {
      return (await read('session', signal)) as { role?: string };
    },
    async fleet(signal) {
      return (await read('fleet', signal)) as FleetAnswer;
    },
    async alerts({ state, severity, text, after, limit }, signal) {
      const query = queryOf({
        state: state === 'all' ? undefined : state,
        severity,
        text: text?.trim() === '' ? undefined : text?.trim(),
        before: after?.last_at,
        before_id: after?.id,
        limit,
      });
      return ((await read(`alerts${query}`, signal)) as { alerts: AlertView[] }).alerts;
    },
    async alert(id, signal) {
      return (await read(`alerts/${encodeURIComponent(id)}`, signal)) as AlertDetail;
    },
    async changeAlert(id, step, note) {
      const body = note === undefined ? {} : { note };
      return (await (await post(`alerts/${encodeURIComponent(id)}/${step}`, body)).json()) as AlertView;
    },
    async markAlert(id, mark, note) {
      return (await (await post(`alerts/${encodeURIComponent(id)}/mark`, { mark, note })).json()) as MarkAnswer;
    },
    async markTemplate(template, mark, note) {
      const response = await call(`triage/corrections/${encodeURIComponent(template)}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mark, note }),
      });
      return (await response.json()) as MarkAnswer;
    },
    async unmarkTemplate(template) {
      await call(`triage/corrections/${encodeURIComponent(template)}`, { method: 'DELETE' });
    },
    async templates({ isNew, alert, level, text }, cursor, signal) {
      const query = queryOf({
        new: isNew ? 'true' : undefined,
        alert: alert === undefined ? undefined : String(alert),
        level,
        q: text.trim() === '' ? undefined : text.trim(),
        limit: TEMPLATES_PER_PAGE,
        cursor,
      });
      return (await read(`templates${query}`, signal)) as TemplatesAnswer;
    },
    async template(id, signal) {
      return (await read(`templates/${encodeURIComponent(id)}`, signal)) as TemplateDetail;
    },
    async reports(kind, count, signal) {
      const page = async (limit: number, cursor: string | undefined) =>
        (await read(
          `reports${queryOf({ kind, limit: Math.min(limit, REPORTS_PER_PAGE_MAX), cursor })}`,
          signal,
        )) as ReportsAnswer;
      let answer = await page(count, undefined);
      while (answer.next !== undefined && answer.reports.length < count) {
        const { reports } = answer;
        const more = await page(count - reports.length, answer.next);
        answer = { ...more, reports: [...reports, ...more.reports] };
      }
      return answer;
    },
    async report(kind, period, signal) {
      return (await read(`reports/${kind}/${encodeURIComponent(period)}`, signal)) as ReportDetail;
    },
    async reportFacts(kind, period, version, signal) {
      const path = `reports/${kind}/${encodeURIComponent(period)}/facts?version=${version}`;
      return (await read(path, signal)) as AnyFacts;
    },
    async makeReport(kind, period) {
      return (await (await post(`reports/${kind}/${encodeURIComponent(period)}`, {})).json()) as ReportView;
    },
    async sendReport(kind, period, shelf) {
      const body = shelf === undefined ? {} : { shelf };
      return (await (await post(`reports/${kind}/${encodeURIComponent(period)}/send`, body)).json()) as ReportView;
    },
    async silences(signal) {
      return ((await read('silences', signal)) as { silences: SilenceView[] }).silences;
    },
    async createSilence(wish) {
      return (await (await post('silences', wish)).json()) as SilenceView;
    },
    async endSilence(id) {
      await call(`silences/${encodeURIComponent(id)}`, { method: 'DELETE' });
    },
    async logs({ server, agentId, since, until, limit }, signal) {
      const query = queryOf({ server, agent_id: agentId ?? undefined, since, until, limit });
      const response = await call(`logs${query}`, { signal });
      if (response.body === null) throw new ApiError(response.status, { detail: 'the answer is empty' });
      return response.body;
    },
    async history(agentId, server, minutes, signal) {
      const query = new URLSearchParams({ server, minutes: String(minutes) });
      const answer = await read(`agents/${encodeURIComponent(agentId)}/history?${query}`, signal);
      return (answer as { points: HistoryPoint[] }).points;
    },
    async createToken({ server, uses, expiresInSeconds }) {
      const body = { uses, expires_in_seconds: expiresInSeconds, ...(server === null ? {} : { server }) };
      return (await (await post('tokens', body)).json()) as TokenAnswer;
    },
    async tokens(signal) {
      return ((await read('tokens', signal)) as { tokens: TokenView[] }).tokens;
    },
    async revokeToken(id) {
      await call(`tokens/${encodeURIComponent(id)}`, { method: 'DELETE' });
    },
    async revokeServer(server) {
      await call(`servers/${encodeURIComponent(server)}/revoke`, { method: 'POST' });
    },
    async setService(step, server, agentId) {
      if (agentId !== undefined) await post(`agents/${encodeURIComponent(agentId)}/${step}`, { server });
      else await call(`servers/${encodeURIComponent(server)}/${step}`, { method: 'POST' });
    },
    async rollout(signal) {
      return (await read('rollout', signal)) as RolloutAnswer;
    },
    async steerRollout(step, wish) {
      return (await (await post(`rollout/${step}`, wish)).json()) as RolloutAnswer;
    },
    async revisions(signal) {
      return ((await read('revisions', signal)) as { revisions: RevisionView[] }).revisions;
    },
    async revision(revision, signal) {
      return (await read(`revisions/${encodeURIComponent(revision)}`, signal)) as RevisionDetail;
    },
    async audit({ limit, before, actions, text }, signal) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (before !== undefined) query.set('before', String(before));
      if (actions !== undefined) query.set('actions', actions.join(','));
      if (text !== undefined) query.set('text', text);
      return (await read(`audit?${query}`, signal)) as AuditAnswer;
    },
    async auditVerdict(signal) {
      return (await read('audit/verdict', signal)) as AuditVerdict;
    },
    async events(signal) {
      const response = await call('events', { signal, headers: { accept: 'text/event-stream' } });
      if (response.body === null) throw new ApiError(response.status, { detail: 'the event stream is empty' });
      return response.body;
    },
  };
}

/** The API's own bound. */
const REPORTS_PER_PAGE_MAX = 200;
/** Two screens. */
const TEMPLATES_PER_PAGE = 50;

/** `?a=1&b=2` of what is there; empty when nothing is. */
function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

async function readProblem(response: Response): Promise<Partial<Problem>> {
  try {
    const value: unknown = await response.json();
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // a proxy's own error page: the status says enough
  }
}
