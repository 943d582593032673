import { formatDuration } from '../../../platform/quantity.ts';
import type { OwnTrouble } from '../raise.ts';
import type { BreachLevel, ThresholdKey } from './find-breaches.ts';

interface Words {
  /** As in settings files, and after `threshold.` the alert's kind. */
  readonly name: string;
  /** Of what is told in an alert's detail; limits in ms are told in seconds. */
  readonly unit: 'percent' | 'per_minute' | 'seconds' | 'records';
  /** What is the case, by the value in words: `Disk 93 % full`. */
  readonly says: (value: string) => string;
}

const WORDS: Readonly<Record<ThresholdKey, Words>> = {
  cpuPercent: { name: 'cpu_percent', unit: 'percent', says: (value) => `CPU ${value} busy` },
  ramPercent: { name: 'ram_percent', unit: 'percent', says: (value) => `Memory ${value} used` },
  diskPercent: { name: 'disk_percent', unit: 'percent', says: (value) => `Disk ${value} full` },
  bufferPercent: { name: 'buffer_percent', unit: 'percent', says: (value) => `Buffer ${value} full` },
  errorsPerMinute: { name: 'errors_per_minute', unit: 'per_minute', says: (value) => `${value} errors a minute` },
  oldestUnarchivedMs: {
    name: 'oldest_unarchived',
    unit: 'seconds',
    says: (value) => `Records have waited ${value} for the archive`,
  },
  lostRecords: { name: 'lost_records', unit: 'records', says: (value) => `${value} lost within an hour` },
  clockSkewMs: { name: 'clock_skew', unit: 'seconds', says: (value) => `Clock wrong by ${value}` },
};

export interface ToldBreach {
  readonly server: string;
  /** `null`: the whole server. */
  readonly agentId: string | null;
  readonly threshold: ThresholdKey;
  readonly level: BreachLevel;
  readonly value: number;
  /** Of this level. */
  readonly limit: number;
  /** Epoch ms. */
  readonly since: number;
}

/** The alert of a breach, in words for a person. */
export function toTrouble({ server, agentId, threshold, level, value, limit, since }: ToldBreach): OwnTrouble {
  const { unit, says } = WORDS[threshold];
  const inUnit = (amount: number) => rounded(unit === 'seconds' ? amount / 1000 : amount);
  // What has fallen since, but not for good, is still the same trouble.
  const where = value > limit ? 'past' : value === limit ? 'at' : 'just below';
  return {
    server,
    agentId,
    dedupKey: dedupKeyOf(threshold, agentId),
    kind: `threshold.${thresholdName(threshold)}`,
    severity: level,
    title: `${says(inWords(threshold, value))}, ${where} the limit of ${limitInWords(threshold, limit)}`,
    detail: { value: inUnit(value), limit: inUnit(limit), level, unit, since: new Date(since).toISOString() },
  };
}

/** What names the trouble on its server. */
export function dedupKeyOf(threshold: ThresholdKey, agentId: string | null): string {
  const kind = `threshold.${thresholdName(threshold)}`;
  return agentId === null ? kind : `${kind}:${agentId}`;
}

/** A threshold as it is named in settings files and in Postgres. */
export function thresholdName(threshold: ThresholdKey): string {
  return WORDS[threshold].name;
}

export function thresholdOf(name: string): ThresholdKey | undefined {
  return (Object.keys(WORDS) as ThresholdKey[]).find((key) => WORDS[key].name === name);
}

function inWords(threshold: ThresholdKey, amount: number): string {
  const number = rounded(amount).toLocaleString('en-US');
  switch (WORDS[threshold].unit) {
    case 'percent':
      return `${number} %`;
    case 'seconds':
      return formatDuration(amount);
    case 'records':
      return amount === 1 ? '1 record' : `${number} records`;
    default:
      return number;
  }
}

function limitInWords(threshold: ThresholdKey, limit: number): string {
  return WORDS[threshold].unit === 'records' ? rounded(limit).toLocaleString('en-US') : inWords(threshold, limit);
}

function rounded(amount: number): number {
  return Math.round(amount * 10) / 10;
}
