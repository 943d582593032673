import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NervesysError } from '../../src/platform/errors.ts';
import type { Shelf } from '../../src/storage/shelf.ts';
import { type ChildOrder, openOrdered } from '../support/shelf-child.ts';
import { shelfFile } from '../support/shelf-files.ts';
import { FileNotes } from '../support/shelf-notes.ts';

/** A place to put reports, with a look at it that doesn't go through the shelf. */
export interface ShelfPlace {
  readonly order: Omit<ChildOrder, 'notes' | 'path' | 'content' | 'version'>;
  /** What people find under this path: the bytes of every file of that name. */
  look(path: string): Promise<readonly Buffer[]>;
  close?(): Promise<void>;
}

export interface ShelfTraits {
  /** A newer version can't take the place of the older: it comes beside it (mail). */
  readonly appends?: boolean;
  readonly bytesMax?: number;
  /** A process that puts is really killed; else one that put is let go of, which leaves the same on a shelf that answers. */
  readonly kills?: boolean;
}

const CHILD = fileURLToPath(new URL('../support/shelf-child.ts', import.meta.url));
const signal = new AbortController().signal;

/** What every shelf must honour. Each run puts files below names of its own, so that it can be pointed at a true Drive. */
export function shelfConformance(name: string, make: () => Promise<ShelfPlace>, traits: ShelfTraits = {}): void {
  describe(`shelf conformance: ${name}`, () => {
    const run = Math.random().toString(36).slice(2, 8);
    let place: ShelfPlace;
    let notesDir: string;
    let notes: FileNotes;
    const shelves: AsyncDisposable[] = [];
    const open = async (): Promise<Shelf> => {
      const { shelf, archive } = await openOrdered({ ...place.order, notes: notesDir });
      shelves.push(shelf, ...(archive === undefined ? [] : [archive]));
      return shelf;
    };
    before(async () => {
      place = await make();
      notesDir = await mkdtemp(join(tmpdir(), 'nervesys-notes-'));
      notes = new FileNotes(notesDir);
    });
    after(async () => {
      for (const shelf of shelves) await shelf[Symbol.asyncDispose]();
      await place?.close?.();
      await rm(notesDir, { recursive: true, force: true });
    });

    it('a file that was put is there, and its check passes', async () => {
      const shelf = await open();
      await shelf.check(notes, signal);

      await shelf.put(shelfFile(`Daily/${run}_first.pdf`, 'first'), notes, signal);

      assert.deepEqual(await texts(place, `Daily/${run}_first.pdf`), ['first']);
    });

    it('the same file again is the same file, with its id and link, also for another replica', async () => {
      const path = `Daily/${run}_again.pdf`;
      const first = await (await open()).put(shelfFile(path, 'same'), notes, signal);

      const again = await (await open()).put(shelfFile(path, 'same'), notes, signal);

      assert.deepEqual(again, first);
      assert.deepEqual(await texts(place, path), ['same']);
    });

    it('a newer version takes the place of the older, and no older one the place of a newer', async () => {
      const shelf = await open();
      const path = `Weekly/${run}_versions.pdf`;
      const first = await shelf.put(shelfFile(path, 'one'), notes, signal);

      const second = await shelf.put(shelfFile(path, 'two, longer', { version: 2 }), notes, signal);
      await shelf.put(shelfFile(path, 'one'), notes, signal);

      if (!traits.appends) assert.deepEqual(second, first);
      assert.deepEqual(await texts(place, path), traits.appends ? ['one', 'two, longer'] : ['two, longer']);
    });

    it('what these notes know nothing of makes way for a report that knows as much, for less only by somebody’s word', async (t) => {
      if (traits.appends) return t.skip('what is sent stands nowhere');
      const path = `Daily/${run}_restored.pdf`;
      const others = async () => {
        const dir = await mkdtemp(join(tmpdir(), 'nervesys-notes-'));
        t.after(() => rm(dir, { recursive: true }));
        return { shelf: await open(), notes: new FileNotes(dir) };
      };
      await (await open()).put(shelfFile(path, 'whole', { version: 3, knows: 86_400 }), notes, signal);

      const restored = await others();
      const half = shelfFile(path, 'half', { knows: 43_200 });
      for (const _ of ['the first time', 'again'])
        await assert.rejects(restored.shelf.put(half, restored.notes, signal), {
          code: 'NSV_SHELF_KEEPS_MORE',
          retryable: false,
          message: /version 3 stands there.*which has version 1/,
        });
      assert.deepEqual(await texts(place, path), ['whole']);
      await restored.shelf.put({ ...half, replaces: true }, restored.notes, signal);
      assert.deepEqual(await texts(place, path), ['half']);
      await restored.shelf.put(shelfFile(path, 'its own', { version: 2, knows: 40_000 }), restored.notes, signal);
      assert.deepEqual(await texts(place, path), ['its own']);

      const anew = await others();
      await anew.shelf.put(shelfFile(path, 'as much', { knows: 40_000 }), anew.notes, signal);
      assert.deepEqual(await texts(place, path), ['as much']);
    });

    it('of replicas that put the same file at once each has it, and it is there once', async () => {
      const path = `Alerts/${run}_at_once.pdf`;
      const replicas = await Promise.all(Array.from({ length: 4 }, open));

      const put = await Promise.all(replicas.map((shelf) => shelf.put(shelfFile(path, 'at once'), notes, signal)));

      for (const one of put) assert.deepEqual(one, put[0]);
      assert.deepEqual(await texts(place, path), ['at once']);
    });

    it(`a ${traits.kills ? 'process that is killed' : 'replica that is let go of'} after it put a file leaves one, and so does who comes after it`, async () => {
      const path = `Monthly/${run}_killed.pdf`;
      if (traits.kills) await killedAfterPut({ ...place.order, notes: notesDir, path, content: 'killed', version: 1 });
      else await (await open()).put(shelfFile(path, 'killed'), notes, signal);

      await (await open()).put(shelfFile(path, 'killed'), notes, signal);

      assert.deepEqual(await texts(place, path), ['killed']);
    });

    it('names of any language and with odd signs are kept', async () => {
      const shelf = await open();
      const paths = ['דוח יומי.pdf', "it's 100% + a&b.pdf", 'Ünïcode 😀 (1).pdf', '=cmd|calc.pdf'].map(
        (one) => `Daily/${run} ${one}`,
      );

      for (const path of paths)
        await shelf.put(shelfFile(path, path, { lang: 'he', title: 'דוח יומי' }), notes, signal);

      for (const path of paths) assert.deepEqual(await texts(place, path), [path]);
    });

    it('an empty file and one of 6 MB arrive whole', async () => {
      const shelf = await open();
      const large = Buffer.alloc(traits.bytesMax ?? 6_000_000);
      for (let i = 0; i < large.length; i++) large[i] = (i * 31 + (i >> 8)) & 0xff;

      await shelf.put(shelfFile(`Daily/${run}_empty.pdf`, ''), notes, signal);
      await shelf.put(shelfFile(`Daily/${run}_large.xlsx`, large), notes, signal);

      assert.deepEqual(await texts(place, `Daily/${run}_empty.pdf`), ['']);
      const found = await place.look(`Daily/${run}_large.xlsx`);
      assert.equal(found.length, 1);
      assert.ok(found[0]!.equals(large));
    });

    it('paths that lead elsewhere are refused', async () => {
      const shelf = await open();
      for (const path of ['', '/etc/x.pdf', '../x.pdf', 'a/../../x.pdf', 'a//b.pdf', 'a\\b.pdf', 'a\0.pdf', '.x.pdf'])
        await assert.rejects(shelf.put(shelfFile(path, 'x'), notes, signal), (error: unknown) => {
          assert.ok(error instanceof NervesysError, String(error));
          assert.equal(error.code, 'NSV_SHELF_REJECTED', path);
          assert.equal(error.retryable, false);
          return true;
        });
    });

    it('an aborted put stops with the reason of its signal, and leaves nothing', async () => {
      const path = `Daily/${run}_aborted.pdf`;
      const reason = new Error('closing down');

      await assert.rejects((await open()).put(shelfFile(path, 'x'), notes, AbortSignal.abort(reason)), reason);

      assert.deepEqual(await place.look(path), []);
    });

    it('a closed shelf takes nothing', async () => {
      const shelf = await open();
      await shelf[Symbol.asyncDispose]();
      await shelf[Symbol.asyncDispose]();

      const closed = { code: 'NSV_SHELF_UNREACHABLE', retryable: true };
      await assert.rejects(shelf.put(shelfFile(`Daily/${run}_closed.pdf`, 'x'), notes, signal), closed);
      await assert.rejects(shelf.check(notes, signal), closed);
      assert.deepEqual(await place.look(`Daily/${run}_closed.pdf`), []);
    });
  });
}

/** Starts a process that puts the file, and kills it as soon as it has. */
export async function killedAfterPut(order: ChildOrder): Promise<void> {
  const child = startChild(order);
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  assert.equal(said.toString(), 'put\n');
  await kill(child);
}

/** With `environment` added, what it says on its standard error is the caller's to read. */
export function startChild(order: ChildOrder, environment?: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [CHILD, '--put'], {
    stdio: ['pipe', 'pipe', environment === undefined ? 'inherit' : 'pipe'],
    env: { ...process.env, ...environment },
  });
  child.stdin!.end(JSON.stringify(order));
  return child;
}

export async function kill(child: ChildProcess): Promise<void> {
  const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function texts(place: ShelfPlace, path: string): Promise<string[]> {
  return (await place.look(path)).map((one) => one.toString());
}
