import { sumTable } from '../../src/orchestrator/backups/dump.ts';
import { readTables } from '../../src/orchestrator/backups/tables.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import type { Archive } from '../../src/storage/index.ts';

/** The same archive with some of its methods exchanged. */
export function changedArchive(archive: Archive, methods: Partial<Archive>): Archive {
  return {
    description: archive.description,
    put: archive.put.bind(archive),
    replace: archive.replace.bind(archive),
    get: archive.get.bind(archive),
    head: archive.head.bind(archive),
    list: archive.list.bind(archive),
    delete: archive.delete.bind(archive),
    presignPut: archive.presignPut.bind(archive),
    [Symbol.asyncDispose]: async () => undefined,
    ...methods,
  };
}

/** Rows and sum of every table, to compare two databases by. Tables in `without` are left out. */
export async function tableSums(database: Database, without: readonly string[] = []): Promise<Record<string, string>> {
  return database.transaction(async (transaction) => {
    await transaction.query("SET LOCAL TimeZone = 'UTC'");
    const sums: Record<string, string> = {};
    for (const shape of await readTables(transaction)) {
      if (without.includes(shape.name)) continue;
      const { rows, sum } = await sumTable(transaction, shape, new AbortController().signal);
      sums[shape.name] = `${rows} rows, ${sum}`;
    }
    return sums;
  });
}
