import { join } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import { ChildRenderer, FolderSource, type FoundRevision, Orchestrator, openDatabase } from '../orchestrator/index.ts';
import { systemClock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { systemRandom } from '../platform/random.ts';
import type { Archive } from '../storage/index.ts';
import { agentFilePlaces } from './agent-files.ts';
import { spawnRenderer } from './report/spawn-renderer.ts';
import { followPlace, lockHome, openConfiguredArchive, readConfig } from './runtime.ts';
import { openScopedIssuing } from './scoped-issuer.ts';
import {
  packageRoot,
  readChannelSecret,
  readGoogleCredentials,
  readShelfSecret,
  type Settings,
  searchPath,
} from './settings.ts';
import { followRotation, readSettingsAndSecrets } from './vault.ts';

export interface CentralService {
  /** As given, with what Vault holds. */
  readonly settings: Settings;
  readonly orchestrator: Orchestrator;
  readonly archive: Archive;
  readonly loaded: LoadedConfig;
}

/** Opens the orchestrator with its database and archive, as `up` and `orchestrator` both run it; each part goes on `parts`, which closes them. */
export async function openCentralService(
  parts: AsyncDisposableStack,
  given: Settings,
  port: number | undefined,
  logger: Logger,
): Promise<CentralService> {
  const { home } = given;
  parts.use(lockHome(home, 'orchestrator'));
  const { settings, vault } = await readSettingsAndSecrets(parts, { home }, logger);
  const { databaseUrl } = settings;
  const loaded = await readConfig(home);
  const { listen, publicUrl, trustedProxies, heartbeat, tls, keys, git } = loaded.config.orchestrator;
  const { database } = parts.use(
    await openDatabase({ databaseUrl, folder: join(home, 'orchestrator'), clock: systemClock, logger }),
  );
  const archive = parts.use(await openConfiguredArchive(settings, loaded));
  const scoped = openScopedIssuing(parts, settings, loaded, logger);
  if (vault !== undefined) followRotation(vault, settings, { archive, database, scoped, logger });
  const orchestrator = parts.use(
    await Orchestrator.open({
      home,
      host: listen.host,
      port: port ?? listen.port,
      publicUrl,
      trustedProxies,
      tls,
      policy: heartbeat,
      keyRotateAfterMs: keys.rotateAfterMs,
      ...(git.repository === undefined
        ? { foundRevision: folderRevision(loaded) }
        : {
            git: {
              ...git,
              repository: git.repository,
              credentials: settings.git,
              searchPath: searchPath(),
              webhookSecret: settings.git.webhookSecret,
              random: systemRandom,
            },
          }),
      clock: systemClock,
      logger,
      database,
      archive,
      // Scoped credentials are for the bucket that their issuer was opened with.
      onStorage: scoped === undefined ? (storage) => followPlace(archive, settings, storage, logger) : undefined,
      scoped,
      channelSecret: (name) => readChannelSecret(name, vault?.values),
      reporting: {
        renderer: parts.use(new ChildRenderer({ spawn: spawnRenderer(), clock: systemClock })),
        shelfSecret: (name) => readShelfSecret(name, vault?.values),
        googleCredentials: () => readGoogleCredentials(vault?.values),
        driveFolderId: settings.driveFolderId,
      },
      deadManUrl: settings.deadManUrl,
      ...(vault === undefined ? {} : { troubles: { vault: () => vault.trouble } }),
      dashboardDir: join(packageRoot(), 'dist', 'dashboard'),
      agentFiles: agentFilePlaces(home),
    }),
  );
  if (git.repository === undefined)
    parts.use(
      new FolderSource({
        folder: join(home, 'config'),
        store: orchestrator.revisions,
        clock: systemClock,
        logger,
      }).start(),
    );
  return { settings, orchestrator, archive, loaded };
}

/** What stands below the home at the start, as its source would find it. */
function folderRevision({ config, texts }: LoadedConfig): FoundRevision {
  return {
    revision: config.revision,
    source: 'folder',
    commit: null,
    files: Object.fromEntries(texts),
    config,
    refusal: undefined,
  };
}
