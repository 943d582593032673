import { ORCHESTRATOR_ALERTS_SERVER, type OwnTrouble, raiseAlerts, settleAlerts } from '../alerts/raise.ts';
import type { Database } from '../database/database.ts';
import { type DayStanding, readDayStanding, readOpenDetail } from '../database/queries/missing-report.ts';
import { whileAlone } from '../database/while-alone.ts';
import { type EventHub, publishAlerts } from '../fleet/event-hub.ts';

const KIND = 'report.missing';
const NAME = { server: ORCHESTRATOR_ALERTS_SERVER, dedupKey: KIND };
/** One replica at a time looks whether it is told already. */
const TELL_LOCK = 0x6e73_7672; // "nsvr"

/** From when a shelf is to have a file until people are told that it doesn't. */
const ON_ITS_WAY_MS = 1_800_000;

/**
 * One alert while the report of the day that people expect isn't made, or isn't on a shelf of these that is to have it; settled once it is. `day`
 * `undefined`: none is expected.
 */
export async function tellMissing(
  { database, hub }: { readonly database: Database; readonly hub: Pick<EventHub, 'publish'> },
  day: string | undefined,
  shelves: readonly string[],
  now: number,
): Promise<void> {
  const since = new Date(now - ON_ITS_WAY_MS);
  const standing = day === undefined ? undefined : await readDayStanding(database, day, shelves, since);
  // Nearly always both are `undefined`, and nobody need wait.
  const open = await readOpenDetail(database, NAME.server, NAME.dedupKey);
  const trouble = day === undefined ? undefined : missingReport(day, standing, open?.['day'] === day);
  if (isSame(open, trouble)) return;
  const at = new Date(now);
  const changed = await whileAlone(database, TELL_LOCK, async (transaction) => {
    if (isSame(await readOpenDetail(transaction, NAME.server, NAME.dedupKey), trouble)) return [];
    return trouble === undefined ? settleAlerts(transaction, [NAME], at) : raiseAlerts(transaction, [trouble], at);
  });
  publishAlerts(hub, changed ?? []);
}

/**
 * What people are told of a day's report; `undefined`: nothing, it is where it should be, or on its way there. Was it told as missing, only its
 * arrival ends that.
 */
export function missingReport(day: string, standing: DayStanding | undefined, isTold: boolean): OwnTrouble | undefined {
  if (standing?.ready === true && !standing.missing.some(({ is_late }) => isTold || is_late)) return undefined;
  const shelves = standing?.ready === true ? standing.missing.map(({ shelf }) => shelf) : [];
  return {
    ...NAME,
    agentId: null,
    kind: KIND,
    severity: 'warning',
    title:
      shelves.length === 0
        ? `The report of ${day} is not made`
        : `The report of ${day} is not on ${shelves.length === 1 ? `shelf ${shelves[0]}` : `shelves ${shelves.join(', ')}`}`,
    detail: {
      day,
      shelves,
      reason: (standing?.ready === true ? reasonsOf(standing) : standing?.error) ?? 'it has not been made yet',
    },
  };
}

function reasonsOf({ missing }: DayStanding): string {
  return missing
    .map(({ shelf, error }) => `${shelf}: ${error ?? 'it waits for its turn'}`)
    .join('; ')
    .slice(0, 1_000);
}

/** Told already, with the same words but for the reason, which may change with each attempt. */
function isSame(open: Readonly<Record<string, unknown>> | undefined, trouble: OwnTrouble | undefined): boolean {
  if (open === undefined || trouble === undefined) return (open === undefined) === (trouble === undefined);
  return (
    open['day'] === trouble.detail['day'] &&
    JSON.stringify(open['shelves']) === JSON.stringify(trouble.detail['shelves'])
  );
}
