import { type AlertSeverity, severityRank } from '../../contract/alert.ts';
import type { AlertView } from '../../contract/fleet.ts';

/** Which alerts a reader wants to see. */
export interface AlertQuery {
  /** `unresolved`: open or acknowledged. */
  readonly state: AlertView['state'] | 'unresolved' | 'all';
  /** At least so bad; `info`: all. */
  readonly severity: AlertSeverity;
  /** A part of the name of the server or the AI agent, or of the title. */
  readonly text: string;
}

export const FIRST_QUERY: AlertQuery = { state: 'unresolved', severity: 'info', text: '' };

/** The pages of alerts that were turned so far, as one list: the one told last first. */
export interface AlertPages {
  readonly alerts: readonly AlertView[];
  /** Older ones are one click away. */
  readonly more: boolean;
}

/** Whether the orchestrator would list it; the same rules as its own. */
export function isWanted(alert: AlertView, { state, severity, text }: AlertQuery): boolean {
  const isOfState = state === 'all' || (state === 'unresolved' ? alert.state !== 'resolved' : alert.state === state);
  const searched = [alert.server, alert.agent_id ?? '', alert.title].join(' ').toLowerCase();
  return (
    isOfState && severityRank(alert.severity) >= severityRank(severity) && searched.includes(text.trim().toLowerCase())
  );
}

/** A page that follows, without those that are there already: an alert may have been told again meanwhile. */
export function appendPage(pages: AlertPages, page: readonly AlertView[], more: boolean): AlertPages {
  const known = new Set(pages.alerts.map(({ id }) => id));
  return { alerts: [...pages.alerts, ...page.filter(({ id }) => !known.has(id))].sort(byLastTold), more };
}

/**
 * What an event tells of alerts: one that is wanted is put where it belongs, one that isn't any more is taken out. One that is older than
 * all that is there comes with a later page, if there is one.
 */
export function applyAlerts(pages: AlertPages, told: readonly AlertView[], query: AlertQuery): AlertPages {
  if (told.length === 0) return pages;
  const alerts = new Map(pages.alerts.map((alert) => [alert.id, alert]));
  const last = pages.alerts.at(-1);
  for (const alert of told) {
    const known = alerts.get(alert.id);
    if (known !== undefined && Date.parse(alert.last_at) < Date.parse(known.last_at)) continue; // it was overtaken
    const isBeyond = known === undefined && pages.more && last !== undefined && byLastTold(alert, last) > 0;
    if (isWanted(alert, query) && !isBeyond) alerts.set(alert.id, alert);
    else alerts.delete(alert.id);
  }
  return { ...pages, alerts: [...alerts.values()].sort(byLastTold) };
}

/** As the orchestrator orders them: the one told last first, and of those told at once the one that was stored last. */
function byLastTold(a: AlertView, b: AlertView): number {
  return Date.parse(b.last_at) - Date.parse(a.last_at) || Number(b.id) - Number(a.id);
}
