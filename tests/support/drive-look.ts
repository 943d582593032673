import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { DriveConnection, type DriveEndpoints, Patience } from '../../src/storage/gdrive/drive-connection.ts';
import { parseDriveCredential } from '../../src/storage/gdrive/drive-credential.ts';

/** The bytes of every file of this path in Drive, by names, as people would go there. */
export async function lookInDrive(
  credentials: string,
  { folderId, subject }: { readonly folderId: string | undefined; readonly subject: string | undefined },
  path: string,
  endpoints?: DriveEndpoints,
): Promise<Buffer[]> {
  const { signal } = new AbortController();
  const scope = `https://www.googleapis.com/auth/drive${folderId === undefined ? '.file' : ''}`;
  const connection = new DriveConnection(
    { credential: parseDriveCredential('look', credentials), subject, scope },
    { clock: systemClock, random: systemRandom, closing: signal, endpoints },
  );
  const job = { patience: new Patience(6), signal };
  const top = { fileId: folderId ?? 'root', supportsAllDrives: true, fields: 'driveId' };
  const driveId =
    folderId === undefined
      ? undefined
      : (await connection.call(job, ({ files }, options) => files.get(top, options))).driveId;
  const where = driveId ? { corpora: 'drive', driveId } : { corpora: 'user' };
  let ids = [folderId ?? 'root'];
  for (const name of path.split('/')) {
    const found: string[] = [];
    for (const id of ids) {
      const q = `'${id}' in parents and trashed = false and name = '${name.replace(/[\\']/g, '\\$&')}'`;
      const wish = { q, fields: 'files(id)', supportsAllDrives: true, includeItemsFromAllDrives: true, ...where };
      const { files = [] } = await connection.call(job, (drive, options) => drive.files.list(wish, options));
      found.push(...files.map((one) => one.id!));
    }
    ids = found;
  }
  return Promise.all(
    ids.map(async (fileId) => {
      const data = await connection.call(job, async ({ files }, options) => {
        const wish = { fileId, alt: 'media', supportsAllDrives: true };
        return files.get(wish, { ...options, responseType: 'arraybuffer' }) as Promise<{ readonly data: unknown }>;
      });
      return Buffer.from(data as ArrayBuffer);
    }),
  );
}
