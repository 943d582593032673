import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { it } from 'node:test';
import { REPORT_FORMATS, REPORT_KINDS } from '../../../../src/contract/reports.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { openArchive } from '../../../../src/storage/index.ts';
import { DriveServer } from '../../../servers/drive-server.ts';
import { S3Server } from '../../../servers/s3-server.ts';
import { SmtpServer } from '../../../servers/smtp-server.ts';
import { type ShelfPlace, shelfConformance } from '../../../suites/shelf-suite.ts';
import { lookInDrive } from '../../../support/drive-look.ts';

const common = { languages: ['en'], kinds: REPORT_KINDS, formats: REPORT_FORMATS } as const;
const nothing = { archive: undefined, credentials: undefined, secret: undefined, endpoints: undefined };

shelfConformance(
  'folder',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'nervesys-shelf-'));
    return {
      order: {
        ...nothing,
        home,
        root: 'OWAL AI Reports',
        settings: { ...common, name: 'folder', type: 'folder', path: undefined },
      },
      look: (path) => inFolder(join(home, 'reports', 'OWAL AI Reports', path)),
      close: () => rm(home, { recursive: true }),
    };
  },
  { kills: true },
);

shelfConformance('archive in a folder', async () => {
  const home = await mkdtemp(join(tmpdir(), 'nervesys-shelf-'));
  return {
    order: {
      ...nothing,
      home,
      root: 'Reports',
      archive: { type: 'folder', path: join(home, 'archive') },
      settings: { ...common, name: 'archive', type: 'archive' },
    },
    look: (path) => inFolder(join(home, 'archive', 'reports', path)),
    close: () => rm(home, { recursive: true }),
  };
});

shelfConformance('archive in S3', async () => {
  const server = await S3Server.start();
  const { settings } = server;
  const archive = await openArchive(settings, { clock: systemClock });
  return {
    order: {
      ...nothing,
      home: tmpdir(),
      root: 'Reports',
      archive: settings,
      settings: { ...common, name: 'archive', type: 'archive' },
    },
    look: async (path) =>
      (await archive.head(`reports/${path}`)) === undefined ? [] : [await archive.get(`reports/${path}`)],
    close: async () => {
      await archive[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
});

shelfConformance('Google Drive: a service account in a Shared Drive', async () => {
  const server = await DriveServer.start();
  const { email } = server.oauth.serviceAccount;
  const drive = server.store.makeDrive('Management', { [email]: 'fileOrganizer', 'dana@example.com': 'organizer' });
  return driveAt(server, server.store.makeByHand('For us', drive), server.oauth.serviceAccountFile());
});

shelfConformance('Google Drive: a person who consented to drive.file', async () => {
  const server = await DriveServer.start();
  const user = server.oauth.addUser('manager@gmail.com');
  return driveAt(server, undefined, server.oauth.authorizedUserFile(user), server.store.rootOf(user.email));
});

shelfConformance(
  'e-mail',
  async () => {
    const server = await SmtpServer.start();
    return {
      order: {
        ...nothing,
        home: tmpdir(),
        root: 'Reports',
        settings: {
          ...common,
          name: 'mail',
          type: 'email',
          host: '127.0.0.1',
          port: server.port,
          tls: 'none',
          user: undefined,
          from: { name: 'Nervesys', address: 'reports@example.com' },
          to: ['dana@example.com'],
          attachmentBytesMax: 10_000_000,
        },
      },
      look: async (path) => {
        const named = `"${basename(path)}"`;
        const attached = server.mails.flatMap((one) => one.attachments);
        return attached.filter(({ name }) => `"${name}"` === named).map(({ content }) => content);
      },
      close: () => server.stop(),
    };
  },
  { appends: true, bytesMax: 600_000 },
);

// A true Drive: the path of a credential's file, and the folder that gets a folder of ours; both stay.
const trueCredentials = process.env['SHELF_TEST_DRIVE_CREDENTIALS'];
if (trueCredentials === undefined)
  it('conformance of a true Drive', { skip: 'SHELF_TEST_DRIVE_CREDENTIALS is not set' }, () => undefined);
else
  shelfConformance('SHELF_TEST_DRIVE_CREDENTIALS', async () => {
    const credentials = await readFile(trueCredentials, 'utf8');
    const folderId = process.env['SHELF_TEST_DRIVE_FOLDER'];
    const subject = process.env['SHELF_TEST_DRIVE_SUBJECT'];
    const root = 'Nervesys conformance';
    return {
      order: {
        ...nothing,
        home: tmpdir(),
        root,
        credentials,
        settings: { ...common, name: 'drive', type: 'drive', folderId, subject },
      },
      look: (path) => lookInDrive(credentials, { folderId, subject }, `${root}/${path}`),
    };
  });

function driveAt(server: DriveServer, folderId: string | undefined, file: object, root = folderId!): ShelfPlace {
  const name = "OWAL's AI Reports";
  return {
    order: {
      ...nothing,
      home: tmpdir(),
      root: name,
      credentials: JSON.stringify(file),
      endpoints: server.endpoints,
      settings: { ...common, name: 'drive', type: 'drive', folderId, subject: undefined },
    },
    look: async (path) => {
      const found = server.store.all(root, `${name}/${path}`).map(({ content }) => content!);
      const seen = await lookInDrive(
        JSON.stringify(file),
        { folderId, subject: undefined },
        `${name}/${path}`,
        server.endpoints,
      );
      assert.deepEqual(seen, found); // as a true Drive is looked at
      return found;
    },
    close: () => server[Symbol.asyncDispose](),
  };
}

/** One at most; what is left of drafts would show among the names. */
async function inFolder(path: string): Promise<Buffer[]> {
  const names: readonly string[] = await readdir(dirname(path)).catch(() => []);
  const leftover = names.find((one) => one.startsWith('.'));
  if (leftover !== undefined) throw new Error(`${leftover} was left`);
  return names.includes(basename(path)) ? [await readFile(path)] : [];
}
