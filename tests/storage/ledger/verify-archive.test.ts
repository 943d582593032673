import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerName } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { type Archive, openArchive } from '../../../src/storage/index.ts';
import { type ServerLedger, type VerifyOptions, verifyArchive } from '../../../src/storage/ledger/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { type EpochObject, writeEpoch } from '../../support/epoch.ts';
import { tempDir } from '../../support/temp-dir.ts';

const EPOCH = '0123456789abcdef';
const OTHER_EPOCH = 'fedcba9876543210';

/** Each test verifies the same objects in a folder and on S3, and both must say the same. */
async function verify(
  t: Parameters<typeof tempDir>[0],
  objects: readonly EpochObject[],
  options: Omit<VerifyOptions, 'archive'> = {},
): Promise<ServerLedger[]> {
  await using s3 = await S3Server.start({ pageObjectsMax: 2 });
  const archives: Archive[] = [
    await openArchive({ type: 'folder', path: await tempDir(t) }, { clock: systemClock }),
    await openArchive(s3.settings, { clock: systemClock }),
  ];
  const [ofFolder, ofS3] = await Promise.all(
    archives.map(async (archive) => {
      for (const { key, body } of objects) assert.equal(await archive.put(key, body), 'created');
      return Array.fromAsync(verifyArchive({ archive, ...options }));
    }),
  );
  assert.deepEqual(ofFolder, ofS3);
  return ofFolder!;
}

function kinds(ledgers: readonly ServerLedger[]): string[] {
  return ledgers.flatMap((ledger) => ledger.findings.map((finding) => finding.kind));
}

test('an archive in which all is right has no finding, and its figures are those that were written', async (t) => {
  const objects = writeEpoch({ batches: [3, 5, 2] });

  const ledgers = await verify(t, objects);

  const { server, objects: count, epochs, findings } = ledgers[0]!;
  assert.deepEqual([ledgers.length, server, count, findings], [1, 'AIGARDEN01', 3, []]);
  assert.deepEqual(epochs, [
    {
      epoch: EPOCH,
      previousEpoch: null,
      objects: 3,
      records: 10,
      first: 1,
      last: 10,
      lostRecords: 0,
      missingRecords: 0,
      told: [],
    },
  ]);
});

test('a missing object is named by its sequences and its neighbours', async (t) => {
  const [first, missing, last] = writeEpoch({ batches: [3, 5, 2] });

  const ledgers = await verify(t, [first!, last!]);

  assert.ok(missing);
  const [finding, ...more] = ledgers[0]!.findings;
  assert.deepEqual([finding?.kind, finding?.ranges, more], ['missing', [[4, 8]], []]);
  assert.deepEqual(finding?.keys, [first!.key, last!.key]);
});

test('a missing first object shows, unless only later windows were asked for', async (t) => {
  const [, second, third] = writeEpoch({ batches: [3, 5, 2] });

  const all = await verify(t, [second!, third!]);
  const since = await verify(t, [second!, third!], { sinceAt: Date.parse('2025-12-10T19:50:00.000Z') });

  assert.deepEqual([kinds(all), all[0]!.findings[0]?.ranges], [['missing'], [[1, 3]]]);
  assert.deepEqual(kinds(since), []);
});

test('a batch that stands under two names is doubled, and both names are told', async (t) => {
  const [first, second] = writeEpoch({ batches: [3, 5] });
  const again = { ...second!, key: second!.key.replace('.json.gz', '.1.json.gz') };

  const ledgers = await verify(t, [first!, second!, again]);

  const [finding, ...more] = ledgers[0]!.findings;
  assert.deepEqual([finding?.kind, finding?.ranges, more], ['doubled', [[4, 8]], []]);
  assert.deepEqual([...finding!.keys].sort(), [again.key, second!.key].sort());
});

test('every byte of an object is watched: whichever is flipped, there is a finding', async (t) => {
  const objects = writeEpoch({ batches: [4, 2] });
  const folder = await openArchive({ type: 'folder', path: await tempDir(t) }, { clock: systemClock });
  const last = objects[1]!;
  await folder.put(last.key, last.body);
  const { body, key } = objects[0]!;
  // What says nothing about the text: in the header how hard it was compressed, and where; before the checksum unused bits.
  const dataStart = body.indexOf(Buffer.from([0x1f, 0x8b, 8, 0]));
  const silent = new Set([dataStart + 8, dataStart + 9, body.length - 9]);

  const unnoticed: number[] = [];
  for (let at = 0; at < body.length; at++) {
    const flipped = Buffer.from(body);
    flipped[at]! ^= 0x10;
    const archive = withObject(folder, key, flipped);
    const [ledger] = await Array.fromAsync(verifyArchive({ archive, server: 'AIGARDEN01' as ServerName }));
    if (ledger!.findings.length === 0 && !silent.has(at)) unnoticed.push(at);
  }

  assert.deepEqual(unnoticed, []);
});

test('an object that was cut off is damaged, wherever it was cut, and its records are not missing as well', async (t) => {
  const objects = writeEpoch({ batches: [4, 50] });
  const [first, second] = objects as [EpochObject, EpochObject];
  const inMember = { ...second, body: second.body.subarray(0, -30) };
  const inManifest = { ...second, body: second.body.subarray(0, 100) };
  const empty = { ...second, body: Buffer.alloc(0) };

  const cut = await verify(t, [first, inMember]);
  const unknown = await verify(t, [first, inManifest]);
  const nothing = await verify(t, [first, empty]);

  assert.deepEqual([kinds(cut), cut[0]!.findings[0]?.keys], [['damaged'], [second.key]]);
  assert.match(cut[0]!.findings[0]!.message, /it is \d+ bytes, its manifest says \d+; member 1 is cut off/);
  assert.deepEqual([kinds(unknown), kinds(nothing)], [['damaged'], ['damaged']]);
});

test('what does not belong is foreign: another program’s file, a name of no batch, a batch of another server', async (t) => {
  const objects = writeEpoch({ batches: [2] });
  const [stranger] = writeEpoch({ server: 'AIGARDEN02', epoch: OTHER_EPOCH, batches: [2] });
  const foreign = [
    { key: 'logs/AIGARDEN01/2025-12-10/19-50.json.gz', body: Buffer.from('hello') },
    { key: 'logs/AIGARDEN01/notes.txt', body: Buffer.from('hello') },
    { key: 'logs/AIGARDEN01/2025-12-10/20-00.json.gz', body: stranger!.body },
    { key: 'logs/readme.txt', body: Buffer.from('hello') },
  ];

  const ledgers = await verify(t, [...objects, ...foreign]);

  const found = ledgers.flatMap((ledger) => ledger.findings).map((finding) => [finding.kind, finding.keys[0]]);
  assert.deepEqual(found.map(([, key]) => key).sort(), foreign.map(({ key }) => key).sort());
  assert.deepEqual([...new Set(found.map(([kind]) => kind))], ['foreign']);
  assert.equal(ledgers.find((ledger) => ledger.server === 'AIGARDEN01')?.epochs[0]?.records, 2);
});

test('two epochs of one server are two books; an epoch that is named but has no object is missing', async (t) => {
  const old = writeEpoch({ batches: [3, 3] });
  const fresh = writeEpoch({
    epoch: OTHER_EPOCH,
    previousEpoch: EPOCH,
    batches: [2, 2],
    firstWindowAt: Date.parse('2025-12-10T20:00:00.000Z'),
  });

  const both = await verify(t, [...old, ...fresh]);
  const orphaned = await verify(t, fresh);

  assert.deepEqual(kinds(both), []);
  assert.deepEqual(
    both[0]!.epochs.map(({ epoch, records }) => [epoch, records]),
    [
      [EPOCH, 6],
      [OTHER_EPOCH, 4],
    ],
  );
  assert.deepEqual([kinds(orphaned), orphaned[0]!.findings[0]?.epoch], [['missing'], EPOCH]);
});

const receipt = (ranges: readonly (readonly [number, number])[], lost: number, epoch = EPOCH) => ({
  level: 'ERROR' as const,
  agent_id: 'nervesys',
  action: 'nervesys.loss',
  context: { epoch, ranges, lost: { DEBUG: lost }, reason: 'the buffer was full' },
});

test('a loss receipt accounts for its ranges and no more, also for those of the epoch before', async (t) => {
  const [first, , third] = writeEpoch({ batches: [3, 5, [{}, receipt([[4, 8]], 5)]] });
  const [one, , three] = writeEpoch({ batches: [3, 5, [{}, receipt([[4, 6]], 3)]] });
  const salvaged = writeEpoch({
    epoch: OTHER_EPOCH,
    previousEpoch: EPOCH,
    batches: [[receipt([[4, 8]], 5)]],
    firstWindowAt: Date.parse('2025-12-10T20:00:00.000Z'),
  });

  const whole = await verify(t, [first!, third!]);
  const partly = await verify(t, [one!, three!]);
  const acrossEpochs = await verify(t, [first!, ...salvaged]);

  assert.deepEqual([kinds(whole), whole[0]!.epochs[0]?.lostRecords], [[], 5]);
  assert.deepEqual([kinds(partly), partly[0]!.findings[0]?.ranges], [['missing'], [[7, 8]]]);
  assert.deepEqual([kinds(acrossEpochs), acrossEpochs[0]!.epochs[0]?.lostRecords], [[], 5]);
});

test('a loss receipt that gives up what the archive holds, or counts wrongly, is a finding', async (t) => {
  const contradicted = await verify(t, writeEpoch({ batches: [3, [receipt([[2, 3]], 2)]] }));
  const [first, , third] = writeEpoch({ batches: [3, 5, [receipt([[4, 8]], 7)]] });
  const miscounted = await verify(t, [first!, third!]);

  assert.deepEqual([kinds(contradicted), contradicted[0]!.findings[0]?.ranges], [['receipt'], [[2, 3]]]);
  assert.match(miscounted[0]!.findings[0]!.message, /counts 7 records in ranges of 5/);
});

test('an object that was replaced by a sound one of the same sequences breaks the chain', async (t) => {
  const [first, second] = writeEpoch({ batches: [2, 2] });
  const [forged] = writeEpoch({ batches: [[{ message: 'nothing happened' }, {}]] });

  const ledgers = await verify(t, [{ key: first!.key, body: forged!.body }, second!]);

  assert.deepEqual([kinds(ledgers), ledgers[0]!.findings[0]?.keys], [['chain'], [first!.key, second!.key]]);
});

test('an object of many members is read by ranges and never whole', async (t) => {
  const noise = (n: number) => Array.from({ length: 60 }, (_, i) => Math.sin(n * 1e4 + i).toString(36)).join('');
  const records = Array.from({ length: 12_000 }, (_, n) => ({ message: noise(n) }));
  const [object] = writeEpoch({ batches: [records] });
  const folder = await openArchive({ type: 'folder', path: await tempDir(t) }, { clock: systemClock });
  await folder.put(object!.key, object!.body);
  let largest = 0;
  const archive: Archive = Object.create(folder, {
    description: { value: '' },
    list: { value: folder.list.bind(folder) },
    get: {
      value: async (...args: Parameters<Archive['get']>) => {
        const body = await folder.get(...args);
        largest = Math.max(largest, body.length);
        return body;
      },
    },
  });

  const [ledger] = await Array.fromAsync(verifyArchive({ archive }));

  assert.deepEqual([ledger!.findings, ledger!.epochs[0]?.records], [[], 12_000]);
  assert.ok(object!.body.length > 4_000_000 && largest < 3_000_000, `${object!.body.length} bytes, ${largest} at once`);
});

test('an archive that cannot be read is an error, not a finding', async () => {
  const objects = writeEpoch({ batches: [2, 2] });
  await using s3 = await S3Server.start();
  const limits = { backoffBaseMs: 1, backoffMaxMs: 2 };
  await using archive = await openArchive(s3.settings, { clock: systemClock, limits });
  for (const { key, body } of objects) await archive.put(key, body);
  const listed = await Array.fromAsync(archive.list('logs/'));
  const broken: Archive = Object.create(archive, {
    list: {
      value: async function* () {
        yield* listed;
      },
    },
    get: { value: archive.get.bind(archive) },
  });
  await s3.down();

  await assert.rejects(Array.fromAsync(verifyArchive({ archive: broken })), { code: 'NSV_ARCHIVE_UNREACHABLE' });
});

/** `rest` with `body` at `key` as well, without writing it. */
function withObject(rest: Archive, key: string, body: Buffer): Archive {
  return Object.create(rest, {
    description: { value: '' },
    list: {
      value: async function* (prefix: string) {
        yield* rest.list(prefix);
        yield { key, bytes: body.length, md5: undefined };
      },
    },
    get: {
      value: async (wanted: string, options: Parameters<Archive['get']>[1]) =>
        wanted === key ? body.subarray(...(options?.range ?? [0, body.length])) : rest.get(wanted, options),
    },
  });
}
