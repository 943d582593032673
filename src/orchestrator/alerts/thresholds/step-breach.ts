import type { Limit } from '../../../config/index.ts';
import { type BreachLevel, isClear, isPast } from './find-breaches.ts';

/**
 * The life of one breach: one subject (a server, or an AI agent on it), one threshold. Each level has a latch of its own:
 *
 *     nothing ── value past the bound ──► waiting ── for `forMs` without a break ──► told
 *        ▲                                   │                                        │
 *        ├───────── value below it ──────────┘                                        │
 *        └─────────────── value clear of it for `clearAfterMs` without a break ◄──────┘
 *
 * What people are told is the worst level that is told. A value holds until the next beat; without news for `newsMaxMs` neither way
 * is gone on, and the time before counts for nothing afterwards: silence is no recovery, and no evidence either. Instants are epoch ms.
 */
export interface Breach {
  /** When the beat was received that was judged last. */
  readonly seenAt: number;
  readonly warning: Latch | undefined;
  readonly critical: Latch | undefined;
}

export interface Latch {
  /** Since when the value has been past the bound. */
  readonly since: number;
  readonly told: boolean;
  /** Since when the value of a told one has been clear of it. */
  readonly clearSince: number | undefined;
}

/** The present value, and when the beat that carries it was received. */
export interface Reading {
  readonly value: number;
  readonly receivedAt: number;
}

export interface BreachEvent {
  readonly type: 'raise' | 'worsen' | 'ease' | 'clear';
  /** What is told from now on; at `clear` what was told last. */
  readonly level: BreachLevel;
  /** Since when it has been past this level's bound. */
  readonly since: number;
}

export interface Step {
  /** `undefined`: there is none (any more). */
  readonly breach: Breach | undefined;
  readonly event: BreachEvent | undefined;
}

/** What becomes of a breach by a reading and by time. Pure. */
export function stepBreach(
  breach: Breach | undefined,
  reading: Reading,
  limit: Limit,
  now: number,
  newsMaxMs: number,
): Step {
  // Either way: a clock that was set back makes what it had dated no younger.
  if (Math.abs(now - reading.receivedAt) >= newsMaxMs) return { breach, event: undefined };
  const continues = breach !== undefined && Math.abs(reading.receivedAt - breach.seenAt) < newsMaxMs;
  const step = (level: BreachLevel) => stepLatch(breach?.[level], continues, reading, limit[level], limit, now);
  const next = { seenAt: reading.receivedAt, warning: step('warning'), critical: step('critical') };
  return {
    breach: next.warning === undefined && next.critical === undefined ? undefined : next,
    event: eventOf(breach, next),
  };
}

/** The next instant at which time alone may change it; `undefined`: only another value does. */
export function nextChangeAt({ warning, critical }: Breach, limit: Limit): number | undefined {
  const instants = [warning, critical].flatMap((latch) => {
    if (latch === undefined) return [];
    if (!latch.told) return [latch.since + limit.forMs];
    return latch.clearSince === undefined ? [] : [latch.clearSince + limit.clearAfterMs];
  });
  return instants.length === 0 ? undefined : Math.min(...instants);
}

function stepLatch(
  latch: Latch | undefined,
  continues: boolean,
  { value, receivedAt }: Reading,
  bound: number,
  limit: Limit,
  now: number,
): Latch | undefined {
  if (latch?.told !== true) {
    if (!isPast(value, bound)) return undefined;
    const since = latch !== undefined && continues ? latch.since : receivedAt;
    return { since, told: hasLasted(since, limit.forMs, receivedAt, now), clearSince: undefined };
  }
  if (!isClear(value, bound, limit)) return { ...latch, clearSince: undefined };
  const clearSince = continues ? (latch.clearSince ?? receivedAt) : receivedAt;
  return hasLasted(clearSince, limit.clearAfterMs, receivedAt, now) ? undefined : { ...latch, clearSince };
}

/** A single beat proves no lasting: a second one must agree. */
function hasLasted(since: number, forMs: number, receivedAt: number, now: number): boolean {
  return forMs === 0 || (now - since >= forMs && receivedAt > since);
}

function eventOf(before: Breach | undefined, after: Breach): BreachEvent | undefined {
  const [was, is] = [toldOf(before), toldOf(after)];
  if (is === undefined) return was && { type: 'clear', ...was };
  if (was === undefined) return { type: 'raise', ...is };
  if (was.level === is.level) return undefined;
  return { type: is.level === 'critical' ? 'worsen' : 'ease', ...is };
}

/** What people know of it. */
export function toldOf(breach: Breach | undefined): { level: BreachLevel; since: number } | undefined {
  const level = breach?.critical?.told === true ? 'critical' : 'warning';
  const latch = breach?.[level];
  return latch?.told === true ? { level, since: latch.since } : undefined;
}
