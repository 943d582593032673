/** The program that a server's agent is to become: `GET /api/v1/agent/upgrade`. */
export interface UpgradeOrder {
  /** Of Nervesys. */
  readonly version: string;
  /** Of the one-file agent, hex; `GET /api/v1/agent/bundle` hands it out. */
  readonly bundle_sha256: string;
  readonly bundle_bytes: number;
}

export interface UpgradeAnswer {
  /** Null: nobody asked for it, or others have their turn first. */
  readonly order: UpgradeOrder | null;
}

/** `done`: it runs and beats. `failed`: it was tried, and the one before runs again. `refused`: it was not even tried. */
export const UPGRADE_OUTCOMES = ['done', 'failed', 'refused'] as const;
export type UpgradeOutcome = (typeof UPGRADE_OUTCOMES)[number];

/** `POST /api/v1/agent/upgrade`: how it went. */
export interface UpgradeReport {
  readonly bundle_sha256: string;
  readonly outcome: UpgradeOutcome;
  /** In words; null: it went well. */
  readonly reason: string | null;
}

export const UPGRADE_REASON_LENGTH_MAX = 500;

/** `asked`: its turn comes. `offered`: the agent was told and is at it. */
export type UpgradeState = 'asked' | 'offered' | UpgradeOutcome;

/** One server's latest upgrade, for people. */
export interface UpgradeView {
  readonly server: string;
  readonly state: UpgradeState;
  readonly version: string;
  readonly bundle_sha256: string;
  readonly reason: string | null;
  readonly asked_by: string;
  readonly asked_at: string;
  readonly finished_at: string | null;
}

/** `GET /api/v1/upgrades`. */
export interface UpgradesAnswer {
  /** What this orchestrator hands out now. */
  readonly bundle: UpgradeOrder;
  /** So many agents went back to what they had been that nobody else is told before somebody asks again. */
  readonly halted: boolean;
  readonly upgrades: readonly UpgradeView[];
}
