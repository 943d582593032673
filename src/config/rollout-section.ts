import { parseServerName, SERVER_NAME_PATTERN } from '../contract/ids.ts';
import type { OrchestratorSettings, RolloutSettings } from './config.ts';
import { described, duration, type Field, group, list, number, parsed, type Read, withDefault } from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const SHARES_MAX = 10;

const share = parsed('a share from 1% to 100%', '^\\d{1,3}(\\.\\d+)?%$', (text) => {
  const percent = /^\d{1,3}(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  return percent >= 1 && percent <= 100 ? percent / 100 : undefined;
});
const factor = parsed('a factor from 1.1x to 1000x', '^\\d{1,4}(\\.\\d+)?x$', (text) => {
  const times = /^\d{1,4}(\.\d+)?x$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  return times >= 1.1 && times <= 1_000 ? times : undefined;
});
const servers = list(parsed('a server name such as AIGARDEN01', SERVER_NAME_PATTERN.source, parseServerName), {
  lengthMax: 1_000,
  of: 'server names',
});
const shares = list(share, { lengthMax: SHARES_MAX, of: 'shares' });
const count = number({ least: 1, most: 1_000_000, whole: true });

const fields = {
  canary: described(
    listOr(share, servers, 'a share such as 10%, or a list of server names'),
    'Who gets a new revision first: a share of the servers, or servers by name. Left out: 10% (one server at least), and everybody at once where there are at most 3 servers.',
  ),
  wait: withDefault(
    duration('1m', '7d'),
    '10m',
    'How long each stage is watched before the next one begins, and the last one before the revision counts as good; at least heartbeat.late_after and a beat, so that silence has time to show.',
  ),
  // biome-ignore lint/suspicious/noThenProperty: the key's name in the file; it is no function, so nothing can take it for a promise
  then: withDefault(
    listOr(share, shares, 'a share such as 50%, or a list of shares that grow'),
    '50%',
    'The share that follows, or several one after the other; all servers are always the last stage.',
  ),
  halt_on: withDefault(
    group({
      silent: withDefault(
        share,
        '10%',
        'So many of the servers that have got the revision are late or down (one at least).',
      ),
      errors: withDefault(
        factor,
        '3x',
        'There are so many times more ERROR and CRITICAL to each other record than before, and than on the other servers.',
      ),
      refused: withDefault(count, 1, 'So many servers refuse the revision.'),
      losses: withDefault(
        count,
        1,
        'They have lost so many records, and by the factor of `errors` more often than before and than the others.',
      ),
    }),
    {},
    'What ends a rollout by itself: the revision before is desired again, and people are told.',
  ),
} as const;

/** The `rollout:` section of `orchestrator.yaml`. */
export const rolloutSection = withDefault(group(fields), {}, 'How a new revision of these files reaches the fleet.');

export function rolloutSettings({ canary, wait, then, halt_on: haltOn }: Read<typeof fields>): RolloutSettings {
  return {
    canary: canary === undefined ? undefined : typeof canary === 'number' ? { share: canary } : { servers: canary },
    waitMs: wait,
    shares: typeof then === 'number' ? [then] : then,
    haltOn: {
      silentShare: haltOn.silent,
      errorsFactor: haltOn.errors,
      refusedServers: haltOn.refused,
      lostRecords: haltOn.losses,
    },
  };
}

/** A stage reaches more servers than the one before. */
export function checkRollout(
  { rollout }: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  if (rollout === undefined) return;
  const complain = (key: string, problem: string, remedy: string) =>
    complaints.add(positionOf(root, ['rollout', key]), `rollout.${key}`, problem, remedy);

  const { canary } = rollout;
  const first = canary !== undefined && 'share' in canary ? canary.share : 0;
  const shares = [first, ...rollout.shares];
  // A canary of 100% is everybody at once, whatever is said to follow.
  if (first < 1 && shares.some((one, index) => index > 0 && one <= shares[index - 1]!))
    complain('then', 'does not grow from stage to stage', 'use shares that are each larger than the one before');
  if (canary !== undefined && 'servers' in canary && canary.servers.length === 0)
    complain('canary', 'names no server', 'name one at least, or use a share such as 10%');
}

/** One value, or a list of another kind. */
function listOr<One, Many>(
  one: Field<One>,
  many: Field<readonly Many[]>,
  expects: string,
): Field<One | readonly Many[]> {
  return {
    schema: { anyOf: [one.schema, many.schema] },
    expects,
    read: (located, path, complaints) =>
      located.type === 'list' ? many.read(located, path, complaints) : one.read(located, path, complaints),
  };
}
