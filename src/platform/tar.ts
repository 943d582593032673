export interface TarFile {
  /** Relative, with `/`. */
  readonly name: string;
  readonly body: Uint8Array;
}

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;

/**
 * A tar archive of plain files (POSIX.1-2001: ustar, with a pax header where a name is long or not ASCII). The same files and time give the same
 * bytes, in whatever order they come: they are sorted by name, belong to nobody and have mode 0644.
 */
export function formatTar(files: readonly TarFile[], modifiedAt: number): Buffer {
  const seconds = Math.max(0, Math.floor(modifiedAt / 1_000));
  const blocks: Uint8Array[] = [];
  for (const { name, body } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (needsPax(name)) {
      const record = paxRecord('path', name);
      blocks.push(header({ name: 'PaxHeader', type: 'x', bytes: record.length, seconds }), padded(record));
    }
    blocks.push(header({ name: name.replace(/[^ -~]/g, '_'), type: '0', bytes: body.length, seconds }), padded(body));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]); // two empty blocks end it
}

function needsPax(name: string): boolean {
  return name.length > NAME_BYTES_MAX || /[^ -~]/.test(name);
}

/** `<length> path=<name>\n`, whose length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function header(entry: {
  readonly name: string;
  readonly type: '0' | 'x';
  readonly bytes: number;
  readonly seconds: number;
}): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  const fields: readonly (readonly [offset: number, text: string])[] = [
    [0, entry.name.slice(0, NAME_BYTES_MAX)],
    [100, octal(0o644, 7)],
    [108, octal(0, 7)], // user and group: nobody of the machine it is opened on
    [116, octal(0, 7)],
    [124, octal(entry.bytes, 11)],
    [136, octal(entry.seconds, 11)],
    [148, ' '.repeat(8)], // the checksum counts as blanks
    [156, entry.type],
    [257, 'ustar\0' + '00'],
    [329, octal(0, 7)],
    [337, octal(0, 7)],
  ];
  for (const [offset, text] of fields) block.write(text, offset, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(body: Uint8Array): Uint8Array {
  const rest = body.length % BLOCK_BYTES;
  return rest === 0 ? body : Buffer.concat([body, Buffer.alloc(BLOCK_BYTES - rest)]);
}
