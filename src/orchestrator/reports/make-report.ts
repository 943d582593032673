import type { ReportSettings } from '../../config/index.ts';
import type { FactsGap } from '../../contract/report-facts.ts';
import {
  type ReportFormat,
  type ReportKind,
  type ReportLanguage,
  reportFormats,
  reportPath,
} from '../../contract/reports.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Database } from '../database/database.ts';
import { endReport, type ReportClaim } from '../database/queries/report-claims.ts';
import { type WantedDelivery, wantDeliveries } from '../database/queries/report-deliveries.ts';
import { addVersion, readFacts } from '../database/queries/report-versions.ts';
import type { FactsSource, GatheredFacts } from './facts-source.ts';
import { lightOf } from './light-of.ts';
import { factsPeriod } from './period.ts';
import type { ReportFiles } from './report-files.ts';
import { leaseLost } from './under-lease.ts';

export interface MakingDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly facts: FactsSource;
  /** Of what facts say: the same for two gatherings that say the same. Hex, 64. */
  readonly digest: (facts: GatheredFacts) => string;
  readonly files: ReportFiles;
  readonly settings: () => ReportSettings;
}

/** A mail can't be renewed: who gets a day's critical alerts by mail gets the newest of them so often at most. */
const CRITICAL_MAIL_MS = 3_600_000;
/**
 * What ended longer ago is mailed only where somebody sends it: what is caught up after an outage, or filled in for weeks gone by, is to stand on
 * shelves, and not to fill a mailbox.
 */
const MAIL_NEWS_MS = 4 * 86_400_000;
/** While the day goes on its critical alerts are looked at so often. */
const CRITICAL_AGAIN_MS = 300_000;
/** For as long as data may arrive late a period is looked at so often. */
const LATE_AGAIN_MS = 21_600_000;

/**
 * Makes one report that this replica has claimed: gathers its facts; stores them as a new version if they say anything new; renders its files;
 * tells the shelves what they are to have. Each step is found done by whoever comes after a kill, so nothing is made twice, and what was
 * begun is brought to its end. Answers whether there is a new version. Rejects with whatever failed; then the earlier files stay.
 */
export async function makeReport(deps: MakingDeps, claim: ReportClaim, signal: AbortSignal): Promise<boolean> {
  const { database, clock, facts, digest, settings } = deps;
  const { kind, period: name } = claim;
  const period = factsPeriod(kind, name, claim.time_zone);
  if (period === undefined)
    throw new NervesysError('NSV_REPORT_FAILED', `make the ${kind} report of ${name}: ${claim.time_zone} has no such`);
  const lookedAt = clock.now();
  const gathered = await facts.gather(kind, period, lookedAt, signal);
  signal.throwIfAborted();
  const news = { facts: gathered, sha256: digest(gathered), light: lightOf(gathered) };
  const added = (await isKnownBetter(database, claim, gathered))
    ? { version: claim.version, isNew: false }
    : await addVersion(database, claim, news);
  if (added === undefined) throw leaseLost(`make the ${kind} report of ${name}`);
  if (claim.wanted || claim.sent < added.version) await renderAndSend(deps, claim, added.version, signal);
  const isOver = gathered.kind !== 'critical' || gathered.open === 0;
  const dueAt = lookAgainAt(kind, Date.parse(period.ends_at), lookedAt, settings(), isOver);
  const end = { lookedAt: new Date(lookedAt), dueAt: dueAt === undefined ? null : new Date(dueAt) };
  if (!(await endReport(database, claim, end))) throw leaseLost(`make the ${kind} report of ${name}`);
  return added.isNew;
}

/** When a report is to be looked at again; `undefined`: nothing more is expected of it. `isOver`: no critical alert of it is open any more. */
export function lookAgainAt(
  kind: ReportKind,
  endsAt: number,
  lookedAt: number,
  { lateDataMs }: Pick<ReportSettings, 'lateDataMs'>,
  isOver = true,
): number | undefined {
  if (kind === 'critical' && lookedAt < endsAt) return Math.min(endsAt, lookedAt + CRITICAL_AGAIN_MS);
  if (kind === 'critical' && isOver) return undefined;
  if (lookedAt < endsAt) return undefined; // by hand, before its time; the schedule comes to it
  const until = endsAt + lateDataMs;
  return lookedAt < until ? Math.min(until, lookedAt + LATE_AGAIN_MS) : undefined;
}

/** The languages in which a kind is made: those of the settings, and of any shelf that takes it. */
export function languagesOf(kind: ReportKind, { languages, shelves }: ReportSettings): readonly ReportLanguage[] {
  const wanted = shelves.filter(({ kinds }) => kinds.includes(kind)).flatMap((shelf) => shelf.languages);
  return [...new Set([...languages, ...wanted])];
}

/** What the shelves of these settings (or one of them) are to have of a kind. */
export function deliveriesOf(
  kind: ReportKind,
  period: string,
  { shelves }: Pick<ReportSettings, 'shelves'>,
): readonly WantedDelivery[] {
  return shelves
    .filter(({ kinds }) => kinds.includes(kind))
    .flatMap(({ name, type, languages, formats }) =>
      reportFormats(kind)
        .filter((format) => formats.includes(format))
        .flatMap((format) =>
          languages.map((lang, index) => ({
            shelf: name,
            lang,
            format,
            path: reportPath(kind, period, format, index === 0 ? undefined : lang),
            restMs: kind === 'critical' && type === 'email' ? CRITICAL_MAIL_MS : 0,
          })),
        ),
    );
}

/** What is known no longer as well as it was. */
const FADED: readonly FactsGap['kind'][] = ['coarse_history', 'templates_by_utc_day'];

/**
 * Whether the newest version was gathered when more was known: details are kept for some weeks only, and a report that somebody has made anew
 * after that must not lose them. One that was gathered before its period was over is no better.
 */
async function isKnownBetter(database: Database, claim: ReportClaim, { gaps }: GatheredFacts): Promise<boolean> {
  const faded = gaps.filter(({ kind }) => FADED.includes(kind));
  if (faded.length === 0) return false;
  const standing = await readFacts(database, claim);
  if (standing === undefined) return false;
  const had = standing.gaps.map(({ kind }) => kind);
  return !had.includes('unfinished') && faded.some(({ kind }) => !had.includes(kind));
}

async function renderAndSend(
  { database, clock, files, settings }: MakingDeps,
  claim: ReportClaim,
  version: number,
  signal: AbortSignal,
): Promise<void> {
  const { kind, period } = claim;
  // As they were stored: what is rendered from them later must be the same.
  const facts = await readFacts(database, claim, version);
  if (facts === undefined) throw leaseLost(`make the ${kind} report of ${period}`);
  const changed = new Set<string>();
  // One format after the other: rendering holds the libraries of one alone.
  for (const format of reportFormats(kind))
    for (const lang of languagesOf(kind, settings()))
      if (await files.make({ kind, period, lang, format }, facts, claim.wanted, signal))
        changed.add(fileName(lang, format));
  const now = new Date(clock.now());
  const isNews = now.getTime() - Date.parse(facts.period.ends_at) < MAIL_NEWS_MS;
  const shelves = settings().shelves.filter(({ type }) => isNews || type !== 'email');
  const wanted = deliveriesOf(kind, period, { shelves }).map((one) => (claim.wanted ? { ...one, restMs: 0 } : one));
  const isChanged = ({ lang, format }: WantedDelivery) => changed.has(fileName(lang, format));
  await database.transaction(async (transaction) => {
    const { count } = await transaction.query(
      'UPDATE reports SET sent = $4 WHERE kind = $1 AND period = $2 AND claimed_by = $3 AND version = $4',
      [kind, period, claim.by, version],
    );
    if (count === 0) throw leaseLost(`make the ${kind} report of ${period}`);
    // A version that shelves were told of before, rendered anew to other bytes, is brought again; what is the same stays as it is.
    if (claim.sent === version) await wantDeliveries(transaction, claim, version, wanted.filter(isChanged), now, true);
    await wantDeliveries(transaction, claim, version, wanted, now, false);
  });
}

function fileName(lang: ReportLanguage, format: ReportFormat): string {
  return `${lang}.${format}`;
}
