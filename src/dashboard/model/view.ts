import { REPORT_KINDS, type ReportKind } from '../../contract/reports.ts';

/** What the page shows. It stands in the address behind `#`, so that it can be linked to and the browser's way back works. */
export type View =
  | { readonly type: 'fleet' }
  | { readonly type: 'configuration' }
  | { readonly type: 'alerts' }
  | { readonly type: 'templates' }
  | { readonly type: 'alert'; readonly id: string }
  | { readonly type: 'reports'; readonly kind: ReportKind | undefined }
  | { readonly type: 'report'; readonly kind: ReportKind; readonly period: string };

export const CONFIGURATION_ADDRESS = '#configuration';
export const FLEET_ADDRESS = '#';
export const ALERTS_ADDRESS = '#alerts';
export const TEMPLATES_ADDRESS = '#templates';
export const REPORTS_ADDRESS = '#reports';

/** Messages to people link here: it stays as it is. */
export function alertAddress(id: string): string {
  return `${ALERTS_ADDRESS}/${id}`;
}

/** Reports, or those of one kind, or one. Mails and other people's notes link here: it stays as it is. */
export function reportAddress(kind?: ReportKind, period?: string): string {
  return [REPORTS_ADDRESS, kind, period].filter((part) => part !== undefined).join('/');
}

/** What an address asks for; the fleet where it asks for nothing that is known. */
export function readView(hash: string): View {
  if (hash === CONFIGURATION_ADDRESS) return { type: 'configuration' };
  if (hash === TEMPLATES_ADDRESS) return { type: 'templates' };
  const [address, id, period] = hash.split('/', 3);
  if (address === REPORTS_ADDRESS) {
    const kind = REPORT_KINDS.find((one) => one === id);
    const isPeriod = period !== undefined && /^\d{4}-(\d{2}(-\d{2})?|W\d{2})$/.test(period);
    return kind !== undefined && isPeriod ? { type: 'report', kind, period } : { type: 'reports', kind };
  }
  if (address !== ALERTS_ADDRESS) return { type: 'fleet' };
  return id !== undefined && /^\d{1,15}$/.test(id) ? { type: 'alert', id } : { type: 'alerts' };
}
