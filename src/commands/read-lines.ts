const LINE_FEED = 0x0a;

/** The lines of a stream as text, each cut at `bytesMax`; the last one may lack its line break. */
export async function* readLines(stream: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const keep = (piece: Buffer) => {
    const fits = piece.subarray(0, Math.max(0, bytesMax - bytes));
    if (fits.length > 0) parts.push(fits);
    bytes += piece.length;
  };
  const take = () => {
    const line = Buffer.concat(parts).toString('utf8');
    parts = [];
    bytes = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (bytes > 0) yield take();
}
