import type { AgentState } from '../../contract/heartbeat.ts';
import { FINDING_SERVERS_MAX, type RolloutFinding } from '../../contract/rollout.ts';
import type { Rollout } from '../database/queries/rollouts.ts';

/** What is known of a server when a rollout is judged. Instants are epoch ms. */
export interface RolloutServer {
  readonly server: string;
  /** It belongs to the stages so far. */
  readonly reached: boolean;
  /** The orchestrator's judgement, from when beats arrived. */
  readonly state: AgentState;
  readonly lastSeenAt: number | null;
  /** What it was given last, and when; null: it never asked (an older agent). */
  readonly offered: string | null;
  readonly offeredAt: number | null;
  /** By its own word: what it runs, what it was offered, why it doesn't run that. */
  readonly running: string | null;
  readonly desired: string | null;
  readonly error: string | null;
}

/** What a server did over some time. */
export interface ServerMeasure {
  readonly server: string;
  readonly records: number;
  /** Of them ERROR and CRITICAL. */
  readonly errors: number;
  /** Records given up. */
  readonly lost: number;
  readonly minutes: number;
}

export interface RolloutFacts {
  readonly servers: readonly RolloutServer[];
  /** Since when the fleet is heard without a gap, and when it was last noted that it is (`FleetHearing`). Epoch ms of its time. */
  readonly hearing: { readonly since: number; readonly heardAt: number };
  /** A server that is silent for so long is late. */
  readonly lateAfterMs: number;
  /** Those who run the revision, lately; the same before it began; others lately. */
  readonly after: readonly ServerMeasure[];
  readonly before: readonly ServerMeasure[];
  readonly others: readonly ServerMeasure[];
}

export type RolloutVerdict =
  | { readonly type: 'halt'; readonly findings: readonly RolloutFinding[] }
  /** Nothing to do yet. `hold`: the time has come, but something is in the way. */
  | { readonly type: 'wait'; readonly hold: string | null }
  /** Nobody of the stage is there any more: others take their part. */
  | { readonly type: 'widen' }
  | { readonly type: 'advance' }
  | { readonly type: 'finish' };

type Judged = Pick<
  Rollout,
  'revision' | 'state' | 'stages' | 'stage' | 'startedAt' | 'stageAt' | 'waitMs' | 'haltOn' | 'hold'
>;

/** Where nobody has noted for so long that the fleet is heard, states are of another time: nothing is judged by them. */
const UNHEARD_MS = 30_000;
/** After a gap in which nobody heard the fleet (all orchestrators were off), it is watched again for so long, or a stage's time if that is less. */
const WATCHED_AGAIN_MS = 600_000;
/** Fewer errors than this prove nothing, whatever their share. */
const ERRORS_LEAST = 10;
/** Who logs next to no errors isn't sick at the third: shares below this count as this. */
const ERROR_SHARE_LEAST = 0.01;
/** As long as an agent of ours makes them; it is repeated in alerts, in the audit log and with the revision. */
const ERROR_LENGTH_MAX = 500;
/** More than this share of a stage must run the revision before the next one begins. */
const TAKEN_SHARE = 0.5;

/** What becomes of a rollout at `now`, the fleet's time. A paused one goes no further, but is halted like any other. */
export function judgeRollout(rollout: Judged, facts: RolloutFacts, now: number): RolloutVerdict {
  if (Math.abs(now - facts.hearing.heardAt) > UNHEARD_MS) return { type: 'wait', hold: rollout.hold };
  const silence = findSilence(rollout, facts, now);
  const findings = [
    findRefusals(rollout, facts.servers),
    silence.finding,
    findErrors(rollout, facts),
    findLosses(rollout, facts),
  ].filter((finding) => finding !== undefined);
  if (findings.length > 0) return { type: 'halt', findings };
  if (rollout.state === 'paused' || now < rollout.stageAt + rollout.waitMs) return { type: 'wait', hold: null };
  if (silence.hold !== undefined) return { type: 'wait', hold: silence.hold };
  // Time in which nobody listened has shown nothing: who died in it is still taken for well.
  if (now < facts.hearing.since + Math.min(rollout.waitMs, WATCHED_AGAIN_MS))
    return { type: 'wait', hold: 'the fleet was not heard for a while, and is watched anew' };
  return judgeStage(rollout, facts.servers);
}

/** The stage's time is over: has it proven anything? */
function judgeStage({ revision, stages, stage }: Judged, servers: readonly RolloutServer[]): RolloutVerdict {
  const isLast = stage >= stages.length - 1;
  const there = servers.filter((one) => one.reached && one.offered !== null && isThere(one));
  if (there.length === 0) {
    // Who is away may come back: what nobody runs is not good yet, and all who come would get it unseen.
    if (isLast && !servers.some((one) => one.reached && one.offered !== null)) return { type: 'finish' };
    const othersAreThere = servers.some((one) => !one.reached && one.offered !== null && isThere(one));
    return 'share' in stages[stage]! && othersAreThere
      ? { type: 'widen' }
      : { type: 'wait', hold: 'no server of this stage is there' };
  }
  const taken = there.filter((one) => one.running === revision).length;
  if (taken < there.length * TAKEN_SHARE)
    return { type: 'wait', hold: `only ${taken} of ${there.length} servers of this stage run it` };
  return { type: isLast ? 'finish' : 'advance' };
}

function findRefusals(rollout: Judged, servers: readonly RolloutServer[]): RolloutFinding | undefined {
  const { revision, haltOn } = rollout;
  const refusing = servers.filter((one) => hasGot(rollout, one) && one.desired === revision && one.error !== null);
  if (refusing.length < haltOn.refusedServers) return undefined;
  const which = refusing.length === 1 ? 'a server refuses it' : `${refusing.length} servers refuse it`;
  return finding('refused', `${which}: ${refusing[0]!.error!.slice(0, ERROR_LENGTH_MAX)}`, refusing);
}

function findSilence(
  rollout: Judged,
  { servers, lateAfterMs }: RolloutFacts,
  now: number,
): { readonly finding?: RolloutFinding; readonly hold?: string } {
  const { haltOn, startedAt } = rollout;
  const given = servers.filter((one) => hasGot(rollout, one));
  const silent = given.filter((one) => isSilent(one) && !isComingBack(one, rollout.waitMs, lateAfterMs, now));
  const share = silent.length / Math.max(1, given.length);
  if (silent.length === 0 || share < haltOn.silentShare) return {};
  // Where servers that have nothing to do with it fall silent as much, it is the network, not the revision.
  const others = servers.filter((one) => !one.reached && one.lastSeenAt !== null && one.lastSeenAt >= startedAt);
  const othersShare = others.filter(isSilent).length / Math.max(1, others.length);
  if (othersShare >= share / 2) return { hold: 'servers that it has not reached are silent as well' };
  const text = `${silent.length} of ${given.length} servers are silent since they got it`;
  return { finding: finding('silent', text, silent) };
}

function findErrors({ haltOn }: Judged, facts: RolloutFacts): RolloutFinding | undefined {
  const [after, before, others] = [sum(facts.after), sum(facts.before), sum(facts.others)];
  // Errors to other records: where every third record was an error before, three times that share could never come.
  const bound = haltOn.errorsFactor * odds(Math.max(errorShare(before), errorShare(others), ERROR_SHARE_LEAST));
  if (after.errors < ERRORS_LEAST || bound === Number.POSITIVE_INFINITY || odds(errorShare(after)) < bound)
    return undefined;
  const where = facts.after.filter((one) => one.errors > 0 && odds(errorShare(one)) >= bound);
  const text =
    `${percent(errorShare(after))} of the records of servers that run it are errors ` +
    `(before: ${percent(errorShare(before))}, other servers: ${percent(errorShare(others))})`;
  return finding(
    'errors',
    text,
    where.sort((a, b) => b.errors - a.errors),
  );
}

function findLosses({ haltOn }: Judged, facts: RolloutFacts): RolloutFinding | undefined {
  const [after, before, others] = [sum(facts.after), sum(facts.before), sum(facts.others)];
  const bound = haltOn.errorsFactor * Math.max(lossRate(before), lossRate(others));
  if (after.lost < haltOn.lostRecords || lossRate(after) <= bound) return undefined;
  const where = facts.after.filter((one) => one.lost > 0).sort((a, b) => b.lost - a.lost);
  return finding('losses', `servers that run it have lost ${after.lost} records`, where);
}

/** It was given the revision in this rollout, or runs it without having asked here. */
function hasGot({ revision, startedAt }: Judged, one: RolloutServer): boolean {
  if (!one.reached) return false;
  if (one.offered === revision && one.offeredAt !== null && one.offeredAt >= startedAt) return true;
  return one.running === revision && one.lastSeenAt !== null && one.lastSeenAt >= startedAt;
}

function isThere({ state }: RolloutServer): boolean {
  return state === 'up' || state === 'degraded';
}

function isSilent({ state }: RolloutServer): boolean {
  return state === 'late' || state === 'down';
}

/** It was silent before it asked for the revision, and has not had the time to be heard again: that is no sign against it. */
function isComingBack(
  { lastSeenAt, offeredAt }: RolloutServer,
  waitMs: number,
  lateAfterMs: number,
  now: number,
): boolean {
  if (offeredAt === null || now >= offeredAt + waitMs) return false;
  return lastSeenAt === null || lastSeenAt < offeredAt - lateAfterMs;
}

function finding(
  sign: RolloutFinding['sign'],
  text: string,
  servers: readonly { readonly server: string }[],
): RolloutFinding {
  return { sign, text, servers: servers.slice(0, FINDING_SERVERS_MAX).map(({ server }) => server) };
}

function sum(measures: readonly ServerMeasure[]): Omit<ServerMeasure, 'server'> {
  const total = { records: 0, errors: 0, lost: 0, minutes: 0 };
  for (const { records, errors, lost, minutes } of measures) {
    total.records += records;
    total.errors += errors;
    total.lost += lost;
    total.minutes += minutes;
  }
  return total;
}

function errorShare({ records, errors }: Pick<ServerMeasure, 'records' | 'errors'>): number {
  return records === 0 ? 0 : errors / records;
}

function odds(share: number): number {
  return share / (1 - share);
}

function lossRate({ lost, minutes }: Pick<ServerMeasure, 'lost' | 'minutes'>): number {
  return lost / Math.max(1, minutes);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
