import { type ProviderAnswer, type ProviderRequest, ProviderServer } from './provider-server.ts';

/** Events API v2 as PagerDuty documents it: fields, lengths and severities checked, 202, and incidents by their deduplication key. */
export class PagerDutyServer extends ProviderServer {
  readonly key = '0123456789abcdef0123456789abcdef';
  readonly incidents = new Map<string, 'triggered' | 'acknowledged' | 'resolved'>();

  static async start(): Promise<PagerDutyServer> {
    const server: PagerDutyServer = new PagerDutyServer((request) => server.#accept(request));
    return server.listen();
  }

  #accept({ method, path, text, json }: ProviderRequest): ProviderAnswer {
    if (method !== 'POST' || path !== '/v2/enqueue') return { status: 404, body: { status: 'not found' } };
    if (Buffer.byteLength(text) > 512 * 1024) return { status: 413, body: { status: 'payload too large' } };
    const errors = eventErrors(json, this.key);
    if (errors.length > 0)
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } };
    const key: string = json.dedup_key;
    const before = this.incidents.get(key);
    if (json.event_action === 'trigger') {
      if (before === undefined || before === 'resolved') this.incidents.set(key, 'triggered');
    } else if (before !== undefined && before !== 'resolved')
      this.incidents.set(key, json.event_action === 'resolve' ? 'resolved' : 'acknowledged');
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: key } };
  }
}

function eventErrors(json: ProviderRequest['json'], key: string): readonly string[] {
  if (typeof json !== 'object' || json === null) return ['JSON cannot be parsed'];
  const { routing_key, event_action, dedup_key, payload, links = [] } = json;
  const isText = (value: unknown, most: number) => typeof value === 'string' && value !== '' && value.length <= most;
  const errors: string[] = [];
  if (routing_key !== key) errors.push("'routing_key' is invalid or blocked");
  if (!['trigger', 'acknowledge', 'resolve'].includes(event_action)) errors.push("'event_action' is invalid");
  if (!isText(dedup_key, 255)) errors.push("'dedup_key' is missing or too long");
  if (event_action !== 'trigger') return errors;
  if (!isText(payload?.summary, 1_024)) errors.push("'payload.summary' is missing or too long");
  if (!isText(payload?.source, 255)) errors.push("'payload.source' is missing or blank");
  if (!['critical', 'error', 'warning', 'info'].includes(payload?.severity))
    errors.push("'payload.severity' is invalid");
  if (payload?.timestamp !== undefined && Number.isNaN(Date.parse(payload.timestamp)))
    errors.push("'payload.timestamp' is not ISO 8601");
  if (payload?.custom_details !== undefined && typeof payload.custom_details !== 'object')
    errors.push("'payload.custom_details' is no object");
  if (links.some((one: { href: unknown }) => typeof one.href !== 'string' || !/^https?:/.test(one.href)))
    errors.push("'links' need a href");
  return errors;
}

export function pagerDutyText({ json }: ProviderRequest): string {
  const { payload } = json;
  return payload === undefined
    ? `${json.event_action}`
    : [payload.summary, JSON.stringify(payload.custom_details)].join('\n');
}
