import { matchesServerPattern } from '../../contract/server-pattern.ts';

/** What a silence looks at. Null: any. */
export interface Silence {
  readonly server: string | null;
  readonly agent_id: string | null;
  readonly kind: string | null;
  readonly alert_id: string | null;
  readonly starts_at: string;
  readonly ends_at: string;
}

export interface Silenceable {
  readonly id: string;
  readonly server: string;
  readonly agent_id: string | null;
  readonly kind: string;
}

/** Until when nobody is to be told of this alert, in epoch ms; silences that follow without a gap count as one. `undefined`: now. */
export function silencedUntil(silences: readonly Silence[], alert: Silenceable, now: number): number | undefined {
  const matching = silences
    .filter((silence) => isMeant(silence, alert))
    .map((silence) => ({ from: Date.parse(silence.starts_at), to: Date.parse(silence.ends_at) }))
    .sort((a, b) => a.from - b.from);
  let until = now;
  for (const { from, to } of matching) if (from <= until) until = Math.max(until, to);
  return until > now ? until : undefined;
}

function isMeant(silence: Silence, alert: Silenceable): boolean {
  if (silence.alert_id !== null) return silence.alert_id === alert.id;
  const matches = (pattern: string | null, value: string | null) =>
    pattern === null || (value !== null && matchesServerPattern(pattern, value));
  return (
    matches(silence.server, alert.server) &&
    matches(silence.agent_id, alert.agent_id) &&
    matches(silence.kind, alert.kind)
  );
}
