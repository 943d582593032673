import { sha256Hex } from '../../../src/platform/digest.ts';

export function templateId(text: string): string {
  return sha256Hex(text).slice(0, 16);
}

export function today(daysAgo = 0): string {
  return new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
}

/** A template as a server tells it, with some fields replaced. */
export function report(text: string, replace: object = {}) {
  return {
    template: templateId(text),
    text,
    aliases: [],
    first_seen_at: new Date().toISOString(),
    last_seen_at: new Date().toISOString(),
    is_alert: false,
    score: 0.1,
    counts: [{ agent_id: 'GROK', level: 'INFO', day: today(), lines: 3 }],
    ...replace,
  };
}
