import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { DriveLimits } from '../../src/storage/gdrive/drive-connection.ts';
import { parseDriveCredential } from '../../src/storage/gdrive/drive-credential.ts';
import { DriveShelf, type DriveShelfOptions } from '../../src/storage/gdrive-client.ts';
import { DriveServer } from '../servers/drive-server.ts';
import { FileNotes } from './shelf-notes.ts';

import { tempDir } from './temp-dir.ts';

export const ROOT = "OWAL's Reports";
export const FAST: Partial<DriveLimits> = { backoffBaseMs: 1, backoffMaxMs: 1_500, requestTimeoutMs: 10_000 };

/** Shelves in a Shared Drive's folder, each a replica of its own. */
export function openAt(
  t: TestContext,
  server: DriveServer,
  folderId: string | undefined,
  credentials: string,
  limits: Partial<DriveLimits> = {},
) {
  const open = (changes: Partial<DriveShelfOptions> = {}): DriveShelf => {
    const shelf = new DriveShelf(
      {
        name: 'drive',
        credential: parseDriveCredential('drive', credentials),
        subject: undefined,
        folderId,
        root: ROOT,
        ...changes,
      },
      {
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        endpoints: server.endpoints,
        limits: { ...FAST, ...limits },
      },
    );
    t.after(() => shelf[Symbol.asyncDispose]());
    return shelf;
  };
  return { open };
}

/** A strict Drive with a Shared Drive of which the service account is a member, and a way to open shelves there. */
export async function sharedDrive(t: TestContext, limits: Partial<DriveLimits> = {}) {
  const server = await DriveServer.start();
  t.after(() => server[Symbol.asyncDispose]());
  const { email } = server.oauth.serviceAccount;
  const driveId = server.store.makeDrive('Management', { [email]: 'fileOrganizer', 'dana@example.com': 'organizer' });
  const credentials = JSON.stringify(server.oauth.serviceAccountFile());
  const { open } = openAt(t, server, driveId, credentials, limits);
  const newNotes = async () => new FileNotes(await tempDir(t));
  return { server, store: server.store, driveId, credentials, open, newNotes, notes: await newNotes() };
}

/** Root, folder and file, each once, with these bytes, and nothing in the trash. */
export function assertWhole({ store }: DriveServer, driveId: string, bytes: Uint8Array): void {
  const path = 'Daily/2025-12-10_summary.pdf';
  assert.deepEqual(store.tree(driveId), [`${ROOT}/`, `${ROOT}/Daily/`, `${ROOT}/${path}`]);
  assert.ok(store.find(driveId, `${ROOT}/${path}`)?.content?.equals(bytes));
  assert.equal([...store.files.values()].filter((one) => one.driveId === driveId).length, 4);
}
