/** A small writer of protobuf, so that tests can say byte by byte what is sent. Integers beyond 2^53 as bigint. */
export const wire = {
  varint(number: number, value: number | bigint): Buffer {
    return Buffer.from([...varint(number * 8), ...varint(value)]);
  },
  fixed64(number: number, value: bigint): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    return Buffer.concat([Buffer.from(varint(number * 8 + 1)), bytes]);
  },
  double(number: number, value: number): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return Buffer.concat([Buffer.from(varint(number * 8 + 1)), bytes]);
  },
  fixed32(number: number, value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return Buffer.concat([Buffer.from(varint(number * 8 + 5)), bytes]);
  },
  bytes(number: number, value: Uint8Array | string): Buffer {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
  },
  message(number: number, ...fields: Buffer[]): Buffer {
    return wire.bytes(number, Buffer.concat(fields));
  },
};

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

/** An export request around log records (or spans, or metrics). */
export function exportRequest(resource: Buffer, items: readonly Buffer[]): Buffer {
  const scope = Buffer.concat(items.map((item) => wire.bytes(2, item)));
  return wire.bytes(1, Buffer.concat([wire.bytes(1, resource), wire.bytes(2, scope)]));
}

export function attribute(number: number, key: string, value: Buffer): Buffer {
  return wire.message(number, wire.bytes(1, key), wire.bytes(2, value));
}
