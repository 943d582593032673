import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { REPORT_FORMATS, REPORT_KINDS } from '../../src/contract/reports.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { parseDriveCredential } from '../../src/storage/gdrive/drive-credential.ts';
import { DriveShelf } from '../../src/storage/gdrive-client.ts';
import { SCOPES } from '../servers/drive/oauth.ts';
import { kill, startChild } from '../suites/shelf-suite.ts';
import { assertWhole, FAST, openAt, ROOT, sharedDrive } from '../support/drive-shelves.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { ChildOrder } from '../support/shelf-child.ts';
import { shelfFile } from '../support/shelf-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const PATH = 'Daily/2025-12-10_summary.pdf';
const signal = new AbortController().signal;
const ALL = { languages: ['en'], kinds: REPORT_KINDS, formats: REPORT_FORMATS } as const;
const first = shelfFile(PATH, 'the first version');
const second = shelfFile(PATH, 'the second version', { version: 2 });
const SMALL_CHUNKS = { multipartBytesMax: 100_000, chunkBytes: 512 * 1024 };

test('what people throw away, file or folder, for good or not, is made anew once', async (t) => {
  const { store, driveId, open, newNotes } = await sharedDrive(t);
  for (const what of [`${ROOT}/${PATH}`, `${ROOT}/Daily`, ROOT]) {
    for (const away of ['trash', 'deleteForGood'] as const) {
      const notes = await newNotes();
      const { id } = await open().put(first, notes, signal);
      store[away](store.find(driveId, what)!.id);

      const again = await open().put(first, notes, signal);
      const later = await open().put(second, notes, signal);

      assert.notEqual(again.id, id, `${away} ${what}`);
      assert.equal(later.id, again.id);
      assert.equal(store.all(driveId, `${ROOT}/${PATH}`).length, 1);
      store.deleteForGood(store.find(driveId, ROOT)!.id);
    }
  }
});

test('what people move and rename is theirs to arrange: it is renewed where it is', async (t) => {
  const { store, driveId, open, notes } = await sharedDrive(t);
  const { id, link } = await open().put(first, notes, signal);
  const archive = store.makeByHand('Board', driveId);
  const file = store.files.get(id!)!;
  file.parent = archive;
  file.name = 'Yesterday.pdf';

  assert.deepEqual(await open().put(second, notes, signal), { id, link });

  assert.equal(store.find(driveId, 'Board/Yesterday.pdf')?.content?.toString(), 'the second version');
  assert.deepEqual(store.all(driveId, `${ROOT}/${PATH}`), []);
});

test('a folder that people made is used, and a file of the same name that is theirs is left alone', async (t) => {
  const { store, driveId, open, notes } = await sharedDrive(t);
  const daily = store.makeByHand('Daily', store.makeByHand(ROOT, driveId));
  store.makeByHand('2025-12-10_summary.pdf', daily, 'my own notes');

  await open().put(first, notes, signal);

  const found = store.all(driveId, `${ROOT}/${PATH}`).map(({ content }) => content?.toString());
  assert.deepEqual(found.sort(), ['my own notes', 'the first version']);
  assert.equal(store.all(driveId, ROOT).length, 1);
});

test('where the notes are lost, folders and files are found again by what was written on them', async (t) => {
  const { server, driveId, open, notes, newNotes } = await sharedDrive(t);
  const { id } = await open().put(first, notes, signal);

  const again = await open().put(shelfFile(PATH, 'of a database begun anew'), await newNotes(), signal);

  assert.equal(again.id, id);
  assertWhole(server, driveId, Buffer.from('of a database begun anew'));
});

test('a folder that was shared without its Shared Drive is filled too', async (t) => {
  const { server, store, credentials, notes } = await sharedDrive(t);
  const other = store.makeDrive('Of others', { 'dana@example.com': 'organizer' });
  const folder = store.makeByHand('Shared', other);
  store.files.get(folder)!.shares.set(server.oauth.serviceAccount.email, 'writer');
  const { open } = openAt(t, server, folder, credentials);

  await open().put(first, notes, signal);
  await open().put(second, notes, signal);

  assert.equal(store.all(folder, `${ROOT}/${PATH}`).length, 1);
});

test('each request says that it knows of Shared Drives', async (t) => {
  const { server, open, notes } = await sharedDrive(t, SMALL_CHUNKS);
  await open().put(first, notes, signal);
  await open().put(shelfFile('Daily/large.pdf', Buffer.alloc(600_000)), notes, signal);

  const exempt = /generateIds|\/token|upload_id=/;
  assert.deepEqual(
    server.urls.filter((one) => !exempt.test(one) && !one.includes('supportsAllDrives=true')),
    [],
  );
});

test('a session goes on with what the server kept of a chunk', async (t) => {
  const { server, store, driveId, open, notes } = await sharedDrive(t, SMALL_CHUNKS);
  server.keepOfChunk = 256 * 1024;
  const large = shelfFile('Daily/large.pdf', Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * 7) & 0xff)));

  await open().put(large, notes, signal);

  assert.ok(store.find(driveId, `${ROOT}/Daily/large.pdf`)?.content?.equals(Buffer.from(large.bytes)));
  assert.equal(server.asked.filter((one) => one === 'chunk').length, 6);
});

test('a session that ends is begun anew', async (t) => {
  const { server, store, driveId, open, notes } = await sharedDrive(t, SMALL_CHUNKS);
  for (const [index, status] of ([404, 410] as const).entries()) {
    server.endSession = { status, after: 2 };
    const path = `Daily/ended-${status}.pdf`;

    await open().put(shelfFile(path, Buffer.alloc(1_200_000, index + 1)), notes, signal);

    assert.equal(store.find(driveId, `${ROOT}/${path}`)?.content?.length, 1_200_000);
  }
  assert.equal(server.asked.filter((one) => one === 'session').length, 4);
});

test('a portal that answers in Google’s place, with a page and 200, is not taken for it', async (t) => {
  const { server, store, credentials, newNotes } = await sharedDrive(t, SMALL_CHUNKS);
  for (let n = 1; n <= 13; n++) {
    const driveId = store.makeDrive(`Drive ${n}`, { [server.oauth.serviceAccount.email]: 'fileOrganizer' });
    const { open } = openAt(t, server, driveId, credentials, SMALL_CHUNKS);
    const notes = await newNotes();
    const large = shelfFile(PATH, Buffer.alloc(600_000, n));
    server.failFrom(n, 'html-200', true);

    await assert.rejects(open().put(large, notes, signal), { code: 'NSV_SHELF_BUSY', retryable: true }, `${n}`);

    server.heal();
    await open().put(large, notes, signal);
    assertWhole(server, driveId, large.bytes);
  }
});

test('what arrived garbled is sent again, and told when it stays so', async (t) => {
  const { server, driveId, open, notes } = await sharedDrive(t);
  server.garbles = 1;
  await open().put(first, notes, signal);
  assertWhole(server, driveId, first.bytes);

  server.garbles = 100;
  await assert.rejects(open().put(second, notes, signal), { code: 'NSV_SHELF_BUSY', retryable: true });

  server.garbles = 0;
  await open().put(second, notes, signal);
  assertWhole(server, driveId, second.bytes);
});

test('the token is renewed when Google withdraws it, and when it ends', async (t) => {
  const { server, open, notes } = await sharedDrive(t);
  const shelf = open();
  await shelf.put(first, notes, signal);
  server.oauth.expireTokens();

  await shelf.put(second, notes, signal);

  assert.equal(server.asked.filter((one) => one === 'token').length, 2);
});

test('two jobs at once ask for one token', async (t) => {
  const { server, open, notes } = await sharedDrive(t);
  const shelf = open();
  await Promise.all([shelf.put(first, notes, signal), shelf.check(notes, signal)]);

  assert.equal(server.asked.filter((one) => one === 'token').length, 1);
});

test('a service account that acts as a person puts files into that person’s Drive', async (t) => {
  const { server, store, credentials, notes } = await sharedDrive(t);
  server.oauth.delegated.set('dana@example.com', [SCOPES.file]);
  const { open } = openAt(t, server, undefined, credentials);
  const shelf = open({ subject: 'dana@example.com' });

  await shelf.check(notes, signal);
  await shelf.put(first, notes, signal);

  assert.equal(store.find(store.rootOf('dana@example.com'), `${ROOT}/${PATH}`)?.owner, 'dana@example.com');
});

for (const [what, arrange, code, says] of [
  [
    'a folder that is not shared with the service account',
    ({ server }) => ({ folderId: server.store.makeByHand('Hidden', server.store.rootOf('dana@example.com')) }),
    'NSV_SHELF_NO_FOLDER',
    /share it with reports@nervesys-test\.iam\.gserviceaccount\.com/,
  ],
  [
    'a folder in the trash',
    ({ server, driveId }) => {
      const folderId = server.store.makeByHand('Old', driveId);
      server.store.trash(folderId);
      return { folderId };
    },
    'NSV_SHELF_NO_FOLDER',
    /Content manager/,
  ],
  [
    'a file in the place of the folder',
    ({ server, driveId }) => ({ folderId: server.store.makeByHand('notes.txt', driveId, 'x') }),
    'NSV_SHELF_NO_FOLDER',
    /correct folder_id/,
  ],
  [
    'a Shared Drive that may only be read',
    ({ server }) => ({ folderId: server.store.makeDrive('Read', { [server.oauth.serviceAccount.email]: 'reader' }) }),
    'NSV_SHELF_DENIED',
    /Content manager/,
  ],
  [
    'a folder of somebody’s own Drive, where a service account owns nothing',
    ({ server }) => {
      const folderId = server.store.makeByHand('Mine', server.store.rootOf('dana@example.com'));
      server.store.files.get(folderId)!.shares.set(server.oauth.serviceAccount.email, 'writer');
      return { folderId };
    },
    'NSV_SHELF_FULL',
    /Shared Drive, or let it act as a person/,
  ],
  [
    'a delegation that nobody granted',
    () => ({ subject: 'dana@example.com' }),
    'NSV_SHELF_SIGN_IN',
    /delegation for client 104857600000000000001 with the scope https:\S+\/auth\/drive /,
  ],
] as const satisfies readonly (readonly [
  string,
  (at: Awaited<ReturnType<typeof sharedDrive>>) => object,
  string,
  RegExp,
])[]) {
  test(`${what} is told with what to do about it, by check and by put`, async (t) => {
    const at = await sharedDrive(t);
    const shelf = at.open(arrange(at));

    for (const attempt of [() => shelf.check(at.notes, signal), () => shelf.put(first, at.notes, signal)])
      await assert.rejects(attempt, (error: unknown) => {
        assert.ok(error instanceof NervesysError, String(error));
        assert.equal(error.code, code, error.message);
        assert.equal(error.retryable, false);
        assert.match(error.hint ?? '', says);
        return true;
      });
  });
}

test('a consent that has ended asks for a new one, and a wrong clock for the time', async (t) => {
  const { server, open, notes } = await sharedDrive(t);
  const user = server.oauth.addUser('manager@gmail.com');
  const credentials = JSON.stringify(server.oauth.authorizedUserFile(user));
  const person = openAt(t, server, undefined, credentials).open();
  await person.put(first, notes, signal);
  server.oauth.revoked.add(user.refreshToken);
  server.oauth.expireTokens();

  await assert.rejects(person.put(second, notes, signal), (error: NervesysError) => {
    assert.equal(error.code, 'NSV_SHELF_SIGN_IN');
    assert.match(error.hint ?? '', /consent anew.*7 days: publish it/);
    return true;
  });

  server.skewMs = 7_200_000;
  await assert.rejects(open().check(notes, signal), (error: NervesysError) => {
    assert.equal(error.code, 'NSV_SHELF_SIGN_IN');
    assert.match(error.hint ?? '', /clock/);
    return true;
  });
});

test('a person’s Drive that is full is told by check, and by put', async (t) => {
  const { server, store, notes } = await sharedDrive(t);
  const credentials = JSON.stringify(server.oauth.authorizedUserFile(server.oauth.addUser('manager@gmail.com')));
  const shelf = openAt(t, server, undefined, credentials).open();
  store.quotaBytes = 5;
  store.makeByHand('film', store.rootOf('manager@gmail.com'), 'long film');

  await assert.rejects(shelf.check(notes, signal), { code: 'NSV_SHELF_FULL' });
  await assert.rejects(shelf.put(first, notes, signal), { code: 'NSV_SHELF_FULL', retryable: false });
});

test('no error has a key, a token or the request in it, however deep one looks', async (t) => {
  const { server, credentials, open, newNotes } = await sharedDrive(t);
  const key = (JSON.parse(credentials) as { private_key: string }).private_key.split('\n')[3]!;
  for (const fault of ['quota', '500', 'reset', 'invalid-grant', 'html-502', '401'] as const) {
    for (let n = 1; n < 4; n++) {
      const shelf = open();
      server.failFrom(n, fault, true);
      const error: unknown = await shelf.put(first, await newNotes(), signal).then(
        () => assert.fail('it went well'),
        (thrown: unknown) => thrown,
      );
      server.heal();
      const all = inspect(error, { depth: 20, showHidden: true });
      for (const secret of [key, 'ya29.', 'Bearer', 'authorization', 'assertion', 'PRIVATE KEY'])
        assert.ok(!all.toLowerCase().includes(secret.toLowerCase()), `${fault}: ${secret} in ${all}`);
    }
  }
});

test('the client library logs no token, even when the environment asks it to log all', async (t) => {
  const { server, driveId, credentials } = await sharedDrive(t);
  const order: ChildOrder = {
    settings: { ...ALL, name: 'drive', type: 'drive', folderId: driveId, subject: undefined },
    home: tmpdir(),
    root: ROOT,
    notes: await tempDir(t),
    archive: undefined,
    credentials,
    secret: undefined,
    endpoints: server.endpoints,
    path: PATH,
    content: 'x',
    version: 1,
  };
  const child = startChild(order, { GOOGLE_SDK_NODE_LOGGING: 'all' });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  await until('it has put the file', () => said.includes('put\n'));
  await kill(child);

  assert.doesNotMatch(said, /ya29|assertion|PRIVATE/);
});

test('a put that is aborted while Google is silent ends at once, and so does one whose shelf is closed', async (t) => {
  const { server, store, credentials, newNotes } = await sharedDrive(t);
  const ways = [
    (abort: AbortController) => abort.abort(new Error('enough')),
    (_abort: AbortController, shelf: AsyncDisposable) => void shelf[Symbol.asyncDispose](),
  ];
  for (const end of ways) {
    for (const n of [1, 6, 11]) {
      const driveId = store.makeDrive(`Drive ${n}`, { [server.oauth.serviceAccount.email]: 'fileOrganizer' });
      const { open } = openAt(t, server, driveId, credentials);
      const shelf = open();
      const abort = new AbortController();
      const notes = await newNotes();
      server.failFrom(n, 'silence', true);
      const put = shelf.put(first, notes, abort.signal);
      put.catch(() => undefined);
      await until('it is asked', () => server.hasFailed);

      const ended = put.then(
        () => true,
        () => true,
      );
      end(abort, shelf);

      const late = systemClock.sleep(5_000).then(() => false);
      assert.ok(await Promise.race([ended, late]), 'at once');
      await assert.rejects(put, (error: Error) => /enough|closed/.test(error.message));
      server.heal();
      await open().put(first, notes, signal);
      assertWhole(server, driveId, first.bytes);
    }
  }
});

test('waits grow, are bounded, and heed what Google asks for; one that is too long is handed on', async (t) => {
  const { server, driveId, credentials, notes } = await sharedDrive(t);
  const slept: number[] = [];
  const clock = { ...systemClock, sleep: (ms: number, abort?: AbortSignal) => watch(ms, abort) };
  const watch = (ms: number, abort?: AbortSignal) => {
    if (ms === 60_000) return systemClock.sleep(ms, abort); // the deadline of a request
    slept.push(ms);
    return Promise.resolve();
  };
  const shelf = new DriveShelf(
    {
      name: 'drive',
      credential: parseDriveCredential('drive', credentials),
      subject: undefined,
      folderId: driveId,
      root: ROOT,
    },
    { clock, random: () => 1, logger: silentLogger, endpoints: server.endpoints },
  );
  t.after(() => shelf[Symbol.asyncDispose]());

  await shelf.check(notes, signal);
  server.failFrom(1, '503', true);
  await assert.rejects(shelf.put(first, notes, signal), { code: 'NSV_SHELF_BUSY' });
  assert.deepEqual(slept.splice(0), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);

  server.retryAfter = '5';
  await assert.rejects(shelf.put(first, notes, signal), { code: 'NSV_SHELF_BUSY' });
  assert.deepEqual(slept.splice(0), [5_000, 5_000, 5_000, 8_000, 16_000, 32_000]);

  server.retryAfter = '600';
  await assert.rejects(shelf.put(first, notes, signal), (error: NervesysError) => {
    assert.deepEqual([error.code, error.facts['retryAfterMs']], ['NSV_SHELF_BUSY', 600_000]);
    return true;
  });
  assert.deepEqual(slept, []);
});

test('a server that says nothing is given up by the clock', async (t) => {
  const { server, driveId, credentials, notes } = await sharedDrive(t);
  const clock = new FakeClock();
  const shelf = new DriveShelf(
    {
      name: 'drive',
      credential: parseDriveCredential('drive', credentials),
      subject: undefined,
      folderId: driveId,
      root: ROOT,
    },
    { clock, random: () => 0, logger: silentLogger, endpoints: server.endpoints, limits: { ...FAST, retriesMax: 0 } },
  );
  t.after(() => shelf[Symbol.asyncDispose]());
  server.failFrom(1, 'silence', true);
  const put = shelf.put(first, notes, signal);
  put.catch(() => undefined);
  await until('it is asked', () => server.hasFailed);

  await clock.advance(10_000);

  await assert.rejects(put, { code: 'NSV_SHELF_UNREACHABLE', retryable: true });
});

test('a credential that is none, or would be sent elsewhere, is refused without a word of it', async (t) => {
  const { server, credentials } = await sharedDrive(t);
  const file = JSON.parse(credentials) as Record<string, string>;
  const person = server.oauth.authorizedUserFile(server.oauth.addUser('manager@gmail.com'));
  const wrong: readonly [unknown, RegExp][] = [
    ['not JSON: secret', /not a JSON object/],
    [[], /not a JSON object/],
    [{ ...file, token_uri: 'https://evil.example/token' }, /token_uri/],
    [{ ...person, token_uri: 'http://oauth2.googleapis.com/token' }, /token_uri/],
    [{ ...file, universe_domain: 'evil.example' }, /universe_domain/],
    [{ ...file, private_key: 'secret' }, /private_key/],
    [{ ...file, client_email: '' }, /client_email is missing/],
    [{ ...person, refresh_token: undefined }, /refresh_token is missing/],
    [{ type: 'external_account', credential_source: { url: 'https://evil.example' } }, /external_account/],
  ];
  for (const [value, says] of wrong)
    assert.throws(
      () => parseDriveCredential('drive', typeof value === 'string' ? value : JSON.stringify(value)),
      (error: NervesysError) => {
        assert.equal(error.code, 'NSV_SHELF_UNCONFIGURED');
        assert.match(error.message, says);
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret|GOCSPX|PRIVATE|1\/\//);
        return true;
      },
    );
});

test('a service account without a folder, and a subject without a service account, are refused when it is opened', async (t) => {
  const { server, open, credentials } = await sharedDrive(t);
  const person = parseDriveCredential(
    'drive',
    JSON.stringify(server.oauth.authorizedUserFile(server.oauth.addUser('manager@gmail.com'))),
  );

  assert.throws(() => openAt(t, server, undefined, credentials).open(), { code: 'NSV_SHELF_UNCONFIGURED' });
  assert.throws(() => open({ credential: person, subject: 'dana@example.com' }), { code: 'NSV_SHELF_UNCONFIGURED' });
});
