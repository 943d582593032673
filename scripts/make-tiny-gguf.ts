/**
 * A language model of random weights, some 200 KB: it answers nonsense, but every program that reads GGUF files loads it. With it the whole
 * way of a local model can be tried, its loading, its grammar and its end, without a download.
 *
 *   node scripts/make-tiny-gguf.ts tiny.gguf [--seed 1]
 *
 * The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const VERSION = 3;
const ALIGNMENT = 32;

/** The shape: one block of Llama, as narrow as it may be. */
const EMBEDDING = 32;
const FEED_FORWARD = 64;
const HEADS = 2;
const CONTEXT = 4096;

const TYPE = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;
const TENSOR_F32 = 0;
const TOKEN = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

interface Token {
  readonly text: string;
  readonly type: number;
  readonly score: number;
}

interface Tensor {
  readonly name: string;
  /** The fastest running dimension first. */
  readonly shape: readonly number[];
}

/** The file's bytes; the same seed gives the same ones. */
export function makeTinyGguf(seed = 1): Buffer {
  const tokens = vocabulary();
  const tensors = tensorsOf(tokens.length);
  const metadata = [
    text('general.architecture', 'llama'),
    text('general.name', 'tiny random'),
    uint32('general.alignment', ALIGNMENT),
    uint32('general.file_type', 0),
    uint32('llama.vocab_size', tokens.length),
    uint32('llama.context_length', CONTEXT),
    uint32('llama.embedding_length', EMBEDDING),
    uint32('llama.block_count', 1),
    uint32('llama.feed_forward_length', FEED_FORWARD),
    uint32('llama.rope.dimension_count', EMBEDDING / HEADS),
    uint32('llama.attention.head_count', HEADS),
    uint32('llama.attention.head_count_kv', HEADS),
    float32('llama.attention.layer_norm_rms_epsilon', 1e-5),
    text('tokenizer.ggml.model', 'llama'),
    array(
      'tokenizer.ggml.tokens',
      TYPE.string,
      tokens.map(({ text }) => string(text)),
    ),
    array(
      'tokenizer.ggml.scores',
      TYPE.float32,
      tokens.map(({ score }) => float(score)),
    ),
    array(
      'tokenizer.ggml.token_type',
      TYPE.int32,
      tokens.map(({ type }) => int(type)),
    ),
    uint32('tokenizer.ggml.unknown_token_id', 0),
    uint32('tokenizer.ggml.bos_token_id', 1),
    uint32('tokenizer.ggml.eos_token_id', 2),
  ];
  let offset = 0;
  const infos = tensors.map(({ name, shape }) => {
    const info = [string(name), uint(shape.length), ...shape.map(long), uint(TENSOR_F32), long(offset)];
    offset = aligned(offset + 4 * size(shape));
    return Buffer.concat(info);
  });
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint(VERSION),
    long(tensors.length),
    long(metadata.length),
    ...metadata,
    ...infos,
  ]);
  const random = noise(seed);
  const weights = tensors.map(({ name, shape }) => {
    const values = Float32Array.from({ length: size(shape) }, () => (name.includes('norm') ? 1 : random()));
    return padded(Buffer.from(values.buffer));
  });
  return Buffer.concat([padded(head), ...weights]);
}

/** All bytes, so that any text can be written, and the printable letters as tokens of their own. */
function vocabulary(): readonly Token[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const letters = ['▁', ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))];
  return [
    { text: '<unk>', type: TOKEN.unknown, score: 0 },
    { text: '<s>', type: TOKEN.control, score: 0 },
    { text: '</s>', type: TOKEN.control, score: 0 },
    ...bytes.map((text) => ({ text, type: TOKEN.byte, score: 0 })),
    ...letters.map((text, index) => ({ text, type: TOKEN.normal, score: -1 - index })),
  ];
}

function tensorsOf(tokens: number): readonly Tensor[] {
  return [
    { name: 'token_embd.weight', shape: [EMBEDDING, tokens] },
    { name: 'blk.0.attn_norm.weight', shape: [EMBEDDING] },
    { name: 'blk.0.attn_q.weight', shape: [EMBEDDING, EMBEDDING] },
    { name: 'blk.0.attn_k.weight', shape: [EMBEDDING, EMBEDDING] },
    { name: 'blk.0.attn_v.weight', shape: [EMBEDDING, EMBEDDING] },
    { name: 'blk.0.attn_output.weight', shape: [EMBEDDING, EMBEDDING] },
    { name: 'blk.0.ffn_norm.weight', shape: [EMBEDDING] },
    { name: 'blk.0.ffn_gate.weight', shape: [EMBEDDING, FEED_FORWARD] },
    { name: 'blk.0.ffn_up.weight', shape: [EMBEDDING, FEED_FORWARD] },
    { name: 'blk.0.ffn_down.weight', shape: [FEED_FORWARD, EMBEDDING] },
    { name: 'output_norm.weight', shape: [EMBEDDING] },
    { name: 'output.weight', shape: [EMBEDDING, tokens] },
  ];
}

/** Small numbers around 0 from a linear congruential generator. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 0.4;
  };
}

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
const aligned = (offset: number) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);

function written(length: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(length);
  write(bytes);
  return bytes;
}

const uint = (value: number) => written(4, (bytes) => bytes.writeUInt32LE(value));
const int = (value: number) => written(4, (bytes) => bytes.writeInt32LE(value));
const float = (value: number) => written(4, (bytes) => bytes.writeFloatLE(value));
const long = (value: number) => written(8, (bytes) => bytes.writeBigUInt64LE(BigInt(value)));
const string = (value: string) => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);

const entry = (key: string, type: number, value: Buffer) => Buffer.concat([string(key), uint(type), value]);
const text = (key: string, value: string) => entry(key, TYPE.string, string(value));
const uint32 = (key: string, value: number) => entry(key, TYPE.uint32, uint(value));
const float32 = (key: string, value: number) => entry(key, TYPE.float32, float(value));
const array = (key: string, type: number, values: readonly Buffer[]) =>
  entry(key, TYPE.array, Buffer.concat([uint(type), long(values.length), ...values]));

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
  const [file] = positionals;
  if (file === undefined) throw new Error('name the file to write: node scripts/make-tiny-gguf.ts tiny.gguf');
  const bytes = makeTinyGguf(Number(values.seed ?? 1));
  writeFileSync(file, bytes);
  console.log(`${file}: ${bytes.length} bytes`);
}
