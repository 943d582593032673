/** Cuts NDJSON into request bodies of `linesEach` lines; the last may have fewer. */
export function cutBodies(bytes: Buffer, linesEach: number): Buffer[] {
  const bodies: Buffer[] = [];
  let start = 0;
  let lines = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    if (++lines % linesEach !== 0 && at !== bytes.length - 1) continue;
    bodies.push(bytes.subarray(start, at + 1));
    start = at + 1;
  }
  return bodies;
}
