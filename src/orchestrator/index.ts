export type { AgentFilePlaces } from './agent-files.ts';
export type { ScopedSettings } from './credentials/scoped-permits.ts';
export { StsIssuer } from './credentials/sts-issuer.ts';
export { UplinkIssuer } from './credentials/uplink-issuer.ts';
export type { Database } from './database/database.ts';
export { type OpenDatabaseOptions, type OpenedDatabase, openDatabase } from './database/open-database.ts';
export { DEFAULT_FLEET_POLICY, type FleetPolicy } from './fleet/judge-state.ts';
export { ORCHESTRATOR_PORT, Orchestrator, type OrchestratorOptions } from './orchestrator.ts';
export { VaultSecrets } from './secrets/vault-secrets.ts';
