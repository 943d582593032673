import type { RolloutSettings } from '../../config/index.ts';
import { sha256Hex } from '../../platform/digest.ts';

/** Who a stage is for: a share of the fleet (0 to 1), or servers by name. What earlier stages reached stays reached. */
export type RolloutStage = { readonly share: number } | { readonly servers: readonly string[] };

/**
 * Who has been reached: servers by name, and all whose rank is at most `cutoff`. A rank hangs on nothing but the server's name and
 * the rollout's seed, so nobody's answer changes when others come or go, and a server that is new gets that of its rank.
 */
export interface Reach {
  readonly names: readonly string[];
  /** `''`: nobody by rank; `RANK_LAST`: everybody. */
  readonly cutoff: string;
}

export const NOBODY: Reach = { names: [], cutoff: '' };
const RANK_LAST = 'f'.repeat(16);

/** Below this many servers a share tells little: with no canary asked for, all get a revision at once, watched all the same. */
const SMALL_FLEET_MAX = 3;
const CANARY_SHARE = 0.1;

/** Until an `orchestrator.yaml` says otherwise; equal to the defaults of its `rollout:` section. */
export const DEFAULT_ROLLOUT: RolloutSettings = {
  canary: undefined,
  waitMs: 600_000,
  shares: [0.5],
  haltOn: { silentShare: 0.1, errorsFactor: 3, refusedServers: 1, lostRecords: 1 },
};

/** The stages of a rollout to a fleet of `size` servers; the last one is everybody, and none is the size of the one before. */
export function planStages({ canary, shares }: RolloutSettings, size: number): readonly RolloutStage[] {
  if (size === 0 || (canary === undefined && size <= SMALL_FLEET_MAX)) return [{ share: 1 }];
  const stages: RolloutStage[] = [canary ?? { share: CANARY_SHARE }];
  for (const share of [...shares, 1]) {
    const before = stages.at(-1)!;
    if (!('share' in before) || before.share < share) stages.push({ share });
  }
  // Who is named may not be there; only the stages by share have a size that is known.
  const sizes = stages.map((stage) => ('share' in stage ? serversIn(stage.share, size) : 0));
  return stages.filter((_, index) => {
    if (index === stages.length - 1) return true;
    return sizes[index]! < size && (index === 0 || sizes[index - 1]! < sizes[index]!);
  });
}

/**
 * Who is reached once `stage` begins: those of `before`, and more. `fleet` is who can be reached now; a share is of them, rounded up,
 * and those who were reached before count into it.
 */
export function reachOf(stage: RolloutStage, before: Reach, fleet: readonly string[], seed: string): Reach {
  if ('servers' in stage) return { ...before, names: [...new Set([...before.names, ...stage.servers])].sort() };
  if (stage.share >= 1) return { ...before, cutoff: RANK_LAST };
  const others = fleet.filter((server) => !isReached(before, server, seed)).map((server) => rankOf(server, seed));
  const wanted = serversIn(stage.share, fleet.length) - (fleet.length - others.length);
  return wanted <= 0 ? before : { ...before, cutoff: others.sort()[wanted - 1]! };
}

export function isReached({ names, cutoff }: Reach, server: string, seed: string): boolean {
  return cutoff === RANK_LAST || names.includes(server) || (cutoff !== '' && rankOf(server, seed) <= cutoff);
}

/** A share of so many servers, rounded up: 7 % of 100 are 7, though the product is 7.000000000000001. */
function serversIn(share: number, size: number): number {
  return Math.ceil(share * size - 1e-9);
}

/** The server's place in the order of a rollout, evenly spread: 16 hex digits. */
function rankOf(server: string, seed: string): string {
  return sha256Hex(`${seed}\n${server}`).slice(0, 16);
}
