import type { ShelfNotes } from '../../../storage/shelf.ts';
import type { Queryable } from '../database.ts';

/** What a shelf writes down before it acts, for all replicas. */
export function shelfNotes(database: Queryable, shelf: string): ShelfNotes {
  const read = async (key: string) => {
    const { rows } = await database.query<{ value: string }>(
      'SELECT value FROM shelf_notes WHERE shelf = $1 AND key = $2',
      [shelf, key],
    );
    return rows[0]?.value;
  };
  const claim = async (key: string, value: string): Promise<string> => {
    const { count } = await database.query(
      'INSERT INTO shelf_notes (shelf, key, value) VALUES ($1, $2, $3) ON CONFLICT (shelf, key) DO NOTHING',
      [shelf, key, value],
    );
    return count > 0 ? value : ((await read(key)) ?? value); // notes are never taken away
  };
  return {
    read,
    claim,
    replace: async (key, old, value) => {
      const { count } = await database.query(
        'UPDATE shelf_notes SET value = $4 WHERE shelf = $1 AND key = $2 AND value = $3',
        [shelf, key, old, value],
      );
      return count > 0 ? value : claim(key, value);
    },
  };
}
