/**
 * The characters a TrueType font has glyphs for, from its `cmap` table (format 4 or 12 of the Unicode platform, which every font we
 * carry has). A PDF/UA document may not show a character without a glyph, and the typesetter must never reach for a font of the machine
 * it happens to run on: so we know beforehand what can be drawn.
 */
export function fontCoverage(font: Buffer): ReadonlySet<number> {
  const cmap = tableOffset(font, 'cmap');
  const covered = new Set<number>();
  for (let n = 0; n < font.readUInt16BE(cmap + 2); n++) {
    const record = cmap + 4 + n * 8;
    const [platform, encoding] = [font.readUInt16BE(record), font.readUInt16BE(record + 2)];
    const isUnicode = platform === 0 || (platform === 3 && (encoding === 1 || encoding === 10));
    if (!isUnicode) continue;
    const table = cmap + font.readUInt32BE(record + 4);
    const format = font.readUInt16BE(table);
    if (format === 4) addSegments(font, table, covered);
    if (format === 12) addGroups(font, table, covered);
  }
  return covered;
}

function tableOffset(font: Buffer, name: string): number {
  for (let n = 0; n < font.readUInt16BE(4); n++) {
    const record = 12 + n * 16;
    if (font.toString('latin1', record, record + 4) === name) return font.readUInt32BE(record + 8);
  }
  throw new Error(`the font has no ${name} table`);
}

/** Format 4: segments of the basic plane. */
function addSegments(font: Buffer, table: number, covered: Set<number>): void {
  const doubled = font.readUInt16BE(table + 6);
  const [ends, starts] = [table + 14, table + 16 + doubled];
  const [deltas, ranges] = [starts + doubled, starts + doubled * 2];
  for (let at = 0; at < doubled; at += 2) {
    const [start, end] = [font.readUInt16BE(starts + at), font.readUInt16BE(ends + at)];
    const [delta, range] = [font.readUInt16BE(deltas + at), font.readUInt16BE(ranges + at)];
    for (let code = start; code <= end && code !== 0xffff; code++) {
      const glyph = range === 0 ? (code + delta) & 0xffff : font.readUInt16BE(ranges + at + range + (code - start) * 2);
      if (glyph !== 0) covered.add(code);
    }
  }
}

/** Format 12: groups of all planes. */
function addGroups(font: Buffer, table: number, covered: Set<number>): void {
  for (let n = 0; n < font.readUInt32BE(table + 12); n++) {
    const group = table + 16 + n * 12;
    for (let code = font.readUInt32BE(group); code <= font.readUInt32BE(group + 4); code++) covered.add(code);
  }
}
