import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupsAnswer } from '../../contract/backup.ts';
import type { ChannelsAnswer } from '../../contract/channels.ts';
import type { AlertView, FleetAnswer } from '../../contract/fleet.ts';
import type { ReadyAnswer } from '../../contract/health.ts';
import type { ReportsAnswer } from '../../contract/reports.ts';
import { systemClock } from '../../platform/clock.ts';
import { describeError, errorCode } from '../../platform/errors.ts';
import { type HttpResponse, httpRequest } from '../../platform/http-request.ts';
import { readShownCertificates } from '../../platform/peer-certificate.ts';
import { formatDuration } from '../../platform/quantity.ts';
import { connectOrchestrator, locateOrchestrator, type OrchestratorConnection, readAddress } from '../connection.ts';
import { ORCHESTRATOR_PORT } from '../options.ts';
import { type Check, ok, problem, skipped, warning } from './check.ts';
import { portHolder } from './port.ts';

/** A `Date` header has whole seconds, and the answer takes a moment. */
const SKEW_MS_WARNING = 5_000;
/** S3 refuses what is signed with a clock more than 15 minutes off. */
const SKEW_MS_PROBLEM = 900_000;
/** One of the orchestrator's own is renewed long before; a given one should have been. */
const CERTIFICATE_MS_WARNING = 14 * 24 * 3_600_000;

/** One is made each day; a missed one is caught up within minutes of a start. */
const BACKUP_MS_WARNING = 26 * 3_600_000;
const BACKUP_MS_PROBLEM = 3 * 24 * 3_600_000;

export interface OrchestratorPlace {
  readonly home: string;
  readonly port?: number;
}

/** Looks at the orchestrator: does it run, is its Postgres ready, do beats of this server arrive? */
export async function checkOrchestrator(
  place: OrchestratorPlace,
  server: string | undefined,
  now: () => number,
): Promise<readonly Check[]> {
  const folder = join(place.home, 'orchestrator');
  const noted = readAddress(join(folder, 'address.json'));
  const address = locateOrchestrator(folder, place);
  if (address === undefined) return [await notHere(folder)];
  const { url, authority } = address;
  let ready: HttpResponse;
  const askedAt = now();
  try {
    await httpRequest({ method: 'GET', url: new URL('/healthz', url), authority, timeoutMs: 5_000 });
    ready = await httpRequest({ method: 'GET', url: new URL('/readyz', url), authority, timeoutMs: 10_000 });
  } catch (error) {
    const remedy =
      noted === undefined
        ? 'start it with `npm start`'
        : 'start it again; a killed orchestrator leaves its note behind';
    return [problem('orchestrator', describeError(error), remedy)];
  }
  const checks: Check[] = [ok('orchestrator', `runs at ${url}`)];
  if (ready.status === 200) checks.push(ok('postgres', 'ready'), ...checkDegraded(ready));
  else
    checks.push(
      problem(
        'postgres',
        `not ready: ${detailOf(ready)}`,
        'check DATABASE_URL and that server, or the log below <home>/orchestrator',
      ),
    );
  checks.push(...checkClock(ready, askedAt));
  if (url.startsWith('https:')) checks.push(await checkCertificate(url, now));
  if (ready.status === 200) checks.push(...(await checkFleet(place, server)));
  return checks;
}

/** What the orchestrator can do without for a while, and now has to. */
function checkDegraded(ready: HttpResponse): readonly Check[] {
  const { degraded = [] } = JSON.parse(ready.body.toString('utf8')) as Partial<ReadyAnswer>;
  return degraded.map(({ name, code, reason, since }) =>
    warning(name, `away since ${since}: ${reason} (${code})`, 'see the log of the orchestrator, and docs/ERRORS.md'),
  );
}

/** What an agent sees in the handshake, and how long it is good for. */
async function checkCertificate(url: string, now: () => number): Promise<Check> {
  try {
    const shown = await readShownCertificates(new URL(url), systemClock, { timeoutMs: 5_000 });
    const until = Math.min(...shown.map((one) => one.validUntil));
    const found = `good until ${new Date(until).toISOString().slice(0, 10)}, sha256 of its authority ${shown.at(-1)?.sha256}`;
    return until - now() < CERTIFICATE_MS_WARNING
      ? warning(
          'certificate',
          found,
          'renew the files that tls in orchestrator.yaml names; they are read again each hour',
        )
      : ok('certificate', found);
  } catch (error) {
    return problem('certificate', describeError(error), 'see the log of the orchestrator');
  }
}

async function notHere(folder: string): Promise<Check> {
  if (!existsSync(folder)) return skipped('orchestrator', 'none lives in this home');
  if (await portHolder(ORCHESTRATOR_PORT)) {
    return problem(
      'orchestrator',
      `it does not run in this home, and another program listens on port ${ORCHESTRATOR_PORT}`,
      'stop that program, or start the orchestrator with another --port',
    );
  }
  return problem('orchestrator', 'it does not run', 'start it with `npm start`');
}

function checkClock(answer: HttpResponse, askedAt: number): readonly Check[] {
  const theirs = Date.parse(answer.headers.date ?? '');
  if (Number.isNaN(theirs)) return [];
  const skewMs = Math.abs(theirs - askedAt);
  const found = `${formatDuration(skewMs)} apart from the orchestrator’s`;
  const remedy = 'set this machine’s clock (NTP)';
  if (skewMs >= SKEW_MS_PROBLEM) return [problem('clock', found, remedy)];
  return [skewMs >= SKEW_MS_WARNING ? warning('clock', found, remedy) : ok('clock', 'agrees with the orchestrator’s')];
}

async function checkFleet(place: OrchestratorPlace, server: string | undefined): Promise<readonly Check[]> {
  const connection = connectOrchestrator(place);
  let fleet: FleetAnswer;
  let alerts: readonly AlertView[];
  let channels: ChannelsAnswer;
  try {
    fleet = (await connection.ask('GET', '/api/v1/fleet')) as FleetAnswer;
    alerts = ((await connection.ask('GET', '/api/v1/alerts')) as { alerts: readonly AlertView[] }).alerts;
    channels = (await connection.ask('GET', '/api/v1/channels')) as ChannelsAnswer;
  } catch (error) {
    return [
      warning(
        'fleet',
        describeError(error),
        'run this as the user that Nervesys runs as, so that it can read admin.key',
      ),
    ];
  }
  const open = alerts.filter((alert) => alert.state === 'open').length;
  const alertCheck =
    open === 0 ? ok('alerts', 'none is open') : warning('alerts', `${open} open`, 'see `nervesys alerts`');
  return [
    ...checkBeats(fleet, server),
    alertCheck,
    ...checkChannels(channels),
    ...(await checkShelves(connection)),
    await checkBackups(connection),
  ];
}

/** Do reports get where people look for them? */
async function checkShelves(connection: OrchestratorConnection): Promise<readonly Check[]> {
  const name = 'reports';
  let answer: ReportsAnswer;
  try {
    answer = (await connection.ask('GET', '/api/v1/reports?limit=1')) as ReportsAnswer;
  } catch (error) {
    if (errorCode(error) === 'NSV_NOT_FOUND') return []; // an orchestrator that makes none yet
    return [warning(name, describeError(error), 'is the orchestrator older than this program?')];
  }
  if (!answer.enabled) return [skipped(name, 'none are made by themselves (reports.enabled: false)')];
  const wrong = answer.shelves.filter(({ state }) => state !== 'ready');
  const ready = answer.shelves.filter(({ state }) => state === 'ready').map((one) => one.name);
  return [
    ...wrong.map((one) =>
      warning(name, `shelf ${one.name}: ${one.problem ?? one.state}`, one.hint ?? 'see the reports page'),
    ),
    ...(ready.length === 0 ? [] : [ok(name, `go to ${ready.join(', ')}`)]),
  ];
}

async function checkBackups(connection: OrchestratorConnection): Promise<Check> {
  const name = 'backups';
  let answer: BackupsAnswer;
  try {
    answer = (await connection.ask('GET', '/api/v1/backups')) as BackupsAnswer;
  } catch (error) {
    return warning(name, describeError(error), 'is the orchestrator older than this program?');
  }
  const { enabled, last_good_at: lastGoodAt, backups, now } = answer;
  const failed = backups.find(({ state }) => state !== 'running')?.state === 'failed';
  const remedy = 'see `nervesys archive backups` and the alert backup.failed; `nervesys archive backup` makes one now';
  if (lastGoodAt === null) {
    if (failed) return problem(name, 'there is no good one, and the last attempt failed', remedy);
    return enabled
      ? ok(name, 'the first is made tonight')
      : skipped(name, 'none are made here (backup.enabled: false)');
  }
  const ageMs = Date.parse(now) - Date.parse(lastGoodAt);
  const found = `the newest good one is ${formatDuration(ageMs)} old`;
  if (!enabled) return skipped(name, `${found}; none are made at night (backup.enabled: false)`);
  if (ageMs >= BACKUP_MS_PROBLEM) return problem(name, found, remedy);
  return ageMs >= BACKUP_MS_WARNING || failed ? warning(name, found, remedy) : ok(name, found);
}

/** Can people be told at all, and is somebody told when nobody can? */
function checkChannels({ channels, dead_man: deadMan }: ChannelsAnswer): readonly Check[] {
  const checks: Check[] = channels
    .filter((one) => one.state === 'unconfigured')
    .map((one) => warning('channels', `${one.name}: ${one.problem}`, one.hint ?? 'see docs/OPERATIONS.md'));
  const ready = channels.filter((one) => one.state === 'ready').map((one) => one.name);
  if (channels.length === 0)
    checks.push(skipped('channels', 'none: alerts are on the page and in `nervesys alerts` alone'));
  else if (ready.length > 0) checks.push(ok('channels', `${ready.join(', ')}; try them with \`nervesys alerts test\``));
  if (deadMan?.problem != null)
    checks.push(warning('dead man', deadMan.problem, 'check NERVESYS_DEAD_MAN_URL and the way to it'));
  else if (deadMan !== null) checks.push(ok('dead man', `sign of life last given ${deadMan.pinged_at ?? 'never yet'}`));
  return checks;
}

function checkBeats(fleet: FleetAnswer, server: string | undefined): readonly Check[] {
  const name = 'heartbeats';
  const servers = server === undefined ? fleet.servers : fleet.servers.filter((one) => one.server === server);
  if (server !== undefined && servers.length === 0) {
    return [
      problem(
        name,
        `the orchestrator does not know this server, ${server}`,
        'enrol it: `nervesys token create`, then start the agent with NERVESYS_TOKEN',
      ),
    ];
  }
  const silent = servers.filter((one) => ['late', 'down', 'revoked'].includes(one.state));
  if (silent.length === 0)
    return [ok(name, `of ${servers.length === 1 ? 'one server' : `${servers.length} servers`} on time`)];
  return silent.map((one) => {
    const seen =
      one.last_seen_at === null
        ? 'never seen'
        : `last seen ${formatDuration(Date.parse(fleet.now) - Date.parse(one.last_seen_at))} ago`;
    const remedy =
      one.state === 'revoked'
        ? 'enrol the server again with a new token'
        : 'does its agent run, and can it reach the orchestrator?';
    return problem(name, `${one.server} is ${one.state}, ${seen}`, remedy);
  });
}

function detailOf(answer: HttpResponse): string {
  try {
    const value = JSON.parse(answer.body.toString('utf8'));
    return String(value.detail ?? value.reason ?? value.status ?? `status ${answer.status}`);
  } catch {
    return `status ${answer.status}`;
  }
}
