/**
 * Goal: whatever goes wrong at whichever request, one file of each name is there in the end, and no folder twice. Method: the n-th request of
 * a put into an empty Shared Drive goes wrong, for n = 1, 2, 3 … until a put passes untouched; once passing, once lasting until it is healed;
 * and once with a process that is killed at that moment. What comes before the upload is the same for a file in a session, and is asked for once.
 */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { REPORT_FORMATS, REPORT_KINDS } from '../../src/contract/reports.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import type { DriveFault, DriveServer } from '../servers/drive-server.ts';
import { kill, startChild } from '../suites/shelf-suite.ts';
import { assertWhole, openAt, ROOT, sharedDrive } from '../support/drive-shelves.ts';
import { shelfFile } from '../support/shelf-files.ts';
import { FileNotes } from '../support/shelf-notes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const PATH = 'Daily/2025-12-10_summary.pdf';
const signal = new AbortController().signal;
const small = shelfFile(PATH, 'the report');
/** In a session of three chunks. */
const large = shelfFile(PATH, Buffer.alloc(700_000, 'x'));
/** So that the large one is. */
const SESSIONS = { multipartBytesMax: 100_000, chunkBytes: 256 * 1024 };

const PASSING = ['rate', '500', 'reset', 'lost', 'lost-502'] as const;
const UPLOAD = 11; // of a small file into an empty Drive: the last request

for (const fault of PASSING) {
  test(`a ${fault} at any request is ridden out within one put`, async (t) => {
    await atEachRequest(t, fault, false, async ({ server, put, isWhole }) => {
      await put(small);
      isWhole(small.bytes);
      return server.hasFailed;
    });
  });
}

for (const fault of ['reset', 'lost', 'lost-502'] as const) {
  test(`a ${fault} at any request of a file in a session is ridden out within one put`, async (t) => {
    const work = async ({ server, put, isWhole }: Run) => {
      await put(large);
      isWhole(large.bytes);
      return server.hasFailed;
    };
    await atEachRequest(t, fault, false, work, UPLOAD);
  });
}

for (const [fault, file, codes, retryable] of [
  ['rate', small, ['NSV_SHELF_BUSY'], true],
  ['lost', small, ['NSV_SHELF_UNREACHABLE'], true],
  ['lost', large, ['NSV_SHELF_UNREACHABLE'], true],
  ['quota', small, ['NSV_SHELF_FULL', 'NSV_SHELF_SIGN_IN'], false],
  ['quota', large, ['NSV_SHELF_FULL', 'NSV_SHELF_SIGN_IN'], false],
  ['invalid-grant', small, ['NSV_SHELF_SIGN_IN'], false],
] as const) {
  test(`a ${fault} that lasts from any request of ${file.bytes.length} bytes on is told, and once it is over the file is there once`, async (t) => {
    const work = async ({ server, put, isWhole }: Run) => {
      const asked = server.asked.length;
      await put(file).then(
        () => assert.ok(!server.hasFailed),
        (error: unknown) => {
          assert.ok(error instanceof NervesysError, String(error));
          assert.ok((codes as readonly string[]).includes(error.code), `${error.code}: ${error.message}`);
          assert.equal(error.retryable, retryable, error.message);
          assert.notEqual(error.hint, undefined);
        },
      );
      assert.ok(server.asked.length - asked <= 40, 'bounded');
      const failed = server.hasFailed;
      server.heal();
      await put(file);
      isWhole(file.bytes);
      return failed;
    };
    await atEachRequest(t, fault, true, work, file === large ? UPLOAD : 1);
  });
}

test('each of Google’s errors at the upload means what it means: tried again within the put, or told', async (t) => {
  const { server, store, credentials } = await sharedDrive(t);
  for (const [fault, code] of [
    ['user-rate', undefined],
    ['429', undefined],
    ['503', undefined],
    ['html-502', undefined],
    ['401', undefined],
    ['quota', 'NSV_SHELF_FULL'],
    ['file-limit', 'NSV_SHELF_FULL'],
    ['denied', 'NSV_SHELF_DENIED'],
  ] as const) {
    const driveId = store.makeDrive(fault, { [server.oauth.serviceAccount.email]: 'fileOrganizer' });
    const { open } = openAt(t, server, driveId, credentials);
    const notes = new FileNotes(await tempDir(t));
    server.failFrom(UPLOAD, fault);

    if (code === undefined) await open().put(small, notes, signal);
    else await assert.rejects(open().put(small, notes, signal), { code, retryable: false }, fault);

    assert.ok(server.hasFailed);
    server.heal();
    await open().put(small, notes, signal);
    assertWhole(server, driveId, small.bytes);
  }
});

test('a process that is killed when Google has done something and not answered yet leaves no second file', async (t) => {
  const { server, store, credentials } = await sharedDrive(t);
  const { email } = server.oauth.serviceAccount;
  // Ids are given, a folder made, the file uploaded.
  for (const n of [4, 8, UPLOAD]) {
    const driveId = store.makeDrive(`Drive ${n}`, { [email]: 'fileOrganizer' });
    const notes = await tempDir(t);
    server.failFrom(n, 'done-silence');
    const child = startChild({
      settings: {
        name: 'drive',
        type: 'drive',
        folderId: driveId,
        subject: undefined,
        languages: ['en'],
        kinds: REPORT_KINDS,
        formats: REPORT_FORMATS,
      },
      home: tmpdir(),
      root: ROOT,
      notes,
      archive: undefined,
      credentials,
      secret: undefined,
      endpoints: server.endpoints,
      path: PATH,
      content: 'the report',
      version: 1,
    });
    await until('it is reached', () => server.hasFailed);
    await kill(child);
    assert.ok(server.hasFailed);
    server.heal();

    const { open } = openAt(t, server, driveId, credentials, SESSIONS);
    await open().put(small, new FileNotes(notes), signal);

    assertWhole(server, driveId, small.bytes);
  }
});

test('replicas that begin at once in an empty Drive make each folder and file once, also when the search lags', async (t) => {
  const { server, store, credentials } = await sharedDrive(t);
  for (const lags of [false, true]) {
    store.searchLags = lags;
    for (let round = 0; round < 5; round++) {
      const driveId = store.makeDrive('At once', { [server.oauth.serviceAccount.email]: 'fileOrganizer' });
      const { open } = openAt(t, server, driveId, credentials, SESSIONS);
      const notes = new FileNotes(await tempDir(t));

      await Promise.all(Array.from({ length: 4 }, () => open().put(small, notes, signal)));

      assertWhole(server, driveId, small.bytes);
    }
  }
});

interface Run {
  readonly server: DriveServer;
  /** By a replica of its own each time. */
  readonly put: (file: typeof small) => Promise<unknown>;
  readonly isWhole: (bytes: Uint8Array) => void;
}

/** Runs `work` in a Drive of its own for each n from the first, until the fault was never reached. */
async function atEachRequest(
  t: TestContext,
  fault: DriveFault,
  lasting: boolean,
  work: (run: Run) => Promise<boolean>,
  first = 1,
): Promise<void> {
  const { server, store, credentials } = await sharedDrive(t);
  for (let n = first; ; n++) {
    const driveId = store.makeDrive(`Drive ${n}`, { [server.oauth.serviceAccount.email]: 'fileOrganizer' });
    const notes = new FileNotes(await tempDir(t));
    const { open } = openAt(t, server, driveId, credentials, SESSIONS);
    server.failFrom(n, fault, lasting);
    const failed = await work({
      server,
      put: async (file) => {
        const shelf = open();
        await shelf.put(file, notes, signal).finally(() => shelf[Symbol.asyncDispose]());
      },
      isWhole: (bytes) => assertWhole(server, driveId, bytes),
    });
    if (!failed) return assert.ok(n > 8, `only ${n} requests`);
    server.heal();
    assert.ok(n < 40, 'it never passes untouched');
  }
}
