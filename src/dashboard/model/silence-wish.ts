import type { AlertView } from '../../contract/fleet.ts';
import type { SilenceWish } from '../live/api.ts';

/** This alert alone, its kind on its server, or its kind wherever it comes up. */
export const SILENCE_SCOPES = ['alert', 'kindHere', 'kind'] as const;
export type SilenceScope = (typeof SILENCE_SCOPES)[number];

/** Seconds from now on, or until an instant. */
export const SILENCE_SECONDS = [3_600, 14_400, 86_400] as const;
export type SilenceTime = { readonly seconds: number } | { readonly untilMs: number };

/** The API's own bounds. */
const SECONDS_MIN = 60;
const SECONDS_MAX = 365 * 86_400;

export type SilencePlan =
  | { readonly type: 'wish'; readonly wish: SilenceWish }
  | { readonly type: 'problem'; readonly problem: 'past' | 'far' | 'reason' };

/** What is asked of the orchestrator, or what is wrong with what the reader has chosen. `nowMs` is the orchestrator's. */
export function planSilence(
  alert: Pick<AlertView, 'id' | 'kind' | 'server'>,
  scope: SilenceScope,
  time: SilenceTime,
  reason: string,
  nowMs: number,
): SilencePlan {
  const seconds = 'seconds' in time ? time.seconds : Math.round((time.untilMs - nowMs) / 1000);
  if (!(seconds >= SECONDS_MIN)) return { type: 'problem', problem: 'past' }; // no date at all is none to come
  if (seconds > SECONDS_MAX) return { type: 'problem', problem: 'far' };
  if (reason.trim() === '') return { type: 'problem', problem: 'reason' };
  return { type: 'wish', wish: { ...meant(alert, scope), seconds, reason: reason.trim() } };
}

function meant({ id, kind, server }: Pick<AlertView, 'id' | 'kind' | 'server'>, scope: SilenceScope) {
  switch (scope) {
    case 'alert':
      return { alert_id: id };
    case 'kindHere':
      return { kind, server };
    case 'kind':
      return { kind };
    default:
      return scope satisfies never;
  }
}
