import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from, to } from 'pg-copy-streams';

/**
 * What a `COPY … TO STDOUT` gives, as it comes and no faster than it is taken. `onBroken` is called where it ended before its end: then the
 * connection is in the middle of an answer and of no use to anybody.
 */
export async function* copyOut(client: pg.PoolClient, text: string, onBroken: () => void): AsyncGenerator<Buffer> {
  const stream = client.query(to(text));
  let ended = false;
  try {
    yield* stream as AsyncIterable<Buffer>;
    ended = true;
  } finally {
    if (!ended) onBroken();
  }
}

/** Brings `chunks` in by a `COPY … FROM STDIN`; resolves with how many rows they were. */
export async function copyIn(
  client: pg.PoolClient,
  text: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const stream = client.query(from(text));
  await pipeline(chunks, stream);
  return stream.rowCount;
}
