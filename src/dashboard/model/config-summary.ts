import type { FleetServer } from '../../contract/fleet.ts';
import type { ConfigRefusal } from '../../contract/rollout.ts';

/** What the fleet runs, counted from what each server says of itself: as live as the servers are. */
export interface ConfigSummary {
  /** Servers in service whose key opens; the others can't be told what to run. */
  readonly servers: number;
  /** How many run what, most first; null: they have not said. */
  readonly running: readonly { readonly revision: string | null; readonly servers: number }[];
  /** By name. */
  readonly refusals: readonly ConfigRefusal[];
}

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function summarizeConfig(servers: ReadonlyMap<string, FleetServer>): ConfigSummary {
  const reachable = [...servers.values()].filter(
    (one) => one.key_created_at !== null && one.state !== 'revoked' && one.state !== 'retired',
  );
  const counts = new Map<string | null, number>();
  const refusals: ConfigRefusal[] = [];
  for (const { server, config } of reachable) {
    const revision = config?.running ?? null;
    counts.set(revision, (counts.get(revision) ?? 0) + 1);
    if (config != null && config.error !== null)
      refusals.push({ server, revision: config.desired, reason: config.error });
  }
  return {
    servers: reachable.length,
    running: [...counts]
      .map(([revision, count]) => ({ revision, servers: count }))
      .sort((a, b) => b.servers - a.servers || byName.compare(a.revision ?? '', b.revision ?? '')),
    refusals: refusals.sort((a, b) => byName.compare(a.server, b.server)),
  };
}

/** How many run `revision`. */
export function serversOn({ running }: ConfigSummary, revision: string): number {
  return running.find((one) => one.revision === revision)?.servers ?? 0;
}
