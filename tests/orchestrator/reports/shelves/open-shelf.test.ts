import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DriveShelfSettings, EmailShelfSettings } from '../../../../src/config/index.ts';
import { REPORT_FORMATS, REPORT_KINDS } from '../../../../src/contract/reports.ts';
import { openShelf, type ShelfDeps, shelfCredential } from '../../../../src/orchestrator/reports/shelves/open-shelf.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { systemRandom } from '../../../../src/platform/random.ts';
import { sharedDrive } from '../../../support/drive-shelves.ts';

const common = { languages: ['en'], kinds: REPORT_KINDS, formats: REPORT_FORMATS } as const;
const drive: DriveShelfSettings = { ...common, name: 'board', type: 'drive', folderId: undefined, subject: undefined };
const mail: EmailShelfSettings = {
  ...common,
  name: 'to-board',
  type: 'email',
  host: 'mail.example.com',
  port: 587,
  tls: 'starttls',
  user: 'reports',
  from: { name: undefined, address: 'reports@example.com' },
  to: ['dana@example.com'],
  attachmentBytesMax: 1_000,
};

function depsWith(changes: Partial<ShelfDeps>): ShelfDeps {
  return {
    home: '/nowhere',
    root: 'Reports',
    archive: undefined as never, // no shelf of that type here
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    ...changes,
  };
}

test('a shelf without its credential says what to set, and where', async () => {
  await assert.rejects(openShelf(drive, depsWith({})), (error: NervesysError) => {
    assert.equal(error.code, 'NSV_SHELF_UNCONFIGURED');
    assert.match(error.message, /board: GOOGLE_APPLICATION_CREDENTIALS is not set/);
    return true;
  });
  await assert.rejects(openShelf(mail, depsWith({})), (error: NervesysError) => {
    assert.equal(error.code, 'NSV_SHELF_UNCONFIGURED');
    assert.match(error.hint ?? '', /NERVESYS_SHELF_TO_BOARD_SECRET or NERVESYS_SHELF_TO_BOARD_SECRET_FILE/);
    return true;
  });
});

test('a credential that cannot be read is told as such, with the hint of who tried', async () => {
  const unreadable = () => {
    throw new NervesysError('NSV_SETTING_INVALID', 'cannot read /etc/x', { hint: 'give the path of the file' });
  };
  const expected = { code: 'NSV_SHELF_UNCONFIGURED', hint: 'give the path of the file' };

  await assert.rejects(openShelf(drive, depsWith({ googleCredentials: unreadable })), expected);
  await assert.rejects(openShelf(mail, depsWith({ shelfSecret: unreadable })), expected);
});

test('GDRIVE_FOLDER_ID holds where the settings name no folder', async (t) => {
  const { server, driveId, credentials, notes } = await sharedDrive(t);
  const deps = { googleCredentials: () => credentials, drive: { endpoints: server.endpoints } };

  await assert.rejects(openShelf(drive, depsWith(deps)), { code: 'NSV_SHELF_UNCONFIGURED' });
  await using shelf = await openShelf(drive, depsWith({ ...deps, driveFolderId: driveId }));
  await shelf.check(notes, new AbortController().signal);

  assert.ok(server.urls.some((url) => url.includes(driveId)));
});

test('a mail server that asks for no password is opened without one, and what a shelf is opened with can be compared', async () => {
  await using shelf = await openShelf({ ...mail, user: undefined }, depsWith({}));

  assert.equal(shelf.type, 'email');
  assert.equal(shelfCredential(mail, depsWith({ shelfSecret: (name) => `of ${name}\n` })), 'of to-board');
  assert.equal(shelfCredential({ ...common, name: 'x', type: 'folder', path: undefined }, depsWith({})), undefined);
});
