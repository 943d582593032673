/**
 * `GET /api/v1/agent/manifest`: what `scripts/agent_bootstrap.sh` may fetch, and how it must hash. Flat, and each name once, so that a
 * shell without a JSON parser can read it.
 */
export interface AgentManifest {
  /** Of Nervesys. */
  readonly version: string;
  /** `GET /api/v1/agent/bundle`: the one-file agent. */
  readonly bundle_sha256: string;
  readonly bundle_bytes: number;
  /** `GET /api/v1/agent/node`: the Node program that the orchestrator runs on itself. */
  readonly node_sha256: string;
  readonly node_bytes: number;
  readonly node_version: string;
  /** As Node names them: `linux`, `x64`. */
  readonly node_platform: string;
  readonly node_arch: string;
  /** `GET /api/v1/agent/unit`: the systemd unit. */
  readonly unit_sha256: string;
}
