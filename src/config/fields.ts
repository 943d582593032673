import { parseDuration, parseSize } from '../platform/quantity.ts';
import { nearest } from './complaints.ts';
import { FileComplaints, type Located, type LocatedEntry, showValue } from './located.ts';

/**
 * The building blocks of settings files. A field reads one value (checked and converted in the same step, complaining with
 * its place) and says the same as JSON Schema, so that an editor checks what the loader checks.
 *
 * Why not a schema library: TypeBox, which checks the HTTP API, costs 65–110 ms and 19 MB when it is imported (measured),
 * a third of what an idle agent may weigh; and it neither knows places in a file nor converts `10m`.
 */
export interface Field<T> {
  readonly schema: JsonSchema;
  /** What to write here, as the end of a complaint: `a number from 1 to 100`. */
  readonly expects: string;
  /** The value, or `undefined` after a complaint. */
  read(located: Located, path: string, complaints: FileComplaints): T | undefined;
  /** Written for an absent key, in the file's own form; `undefined`: the key may be left out and has no default. */
  readonly byDefault?: unknown;
  readonly required?: boolean;
}
/** A field that always has a value once its file was read without complaint. */
export type SureField<T> = Field<T> & { readonly sure: true };

export type JsonSchema = { readonly [keyword: string]: unknown };
export type Fields = Readonly<Record<string, Field<unknown>>>;
/** What a group of fields reads to; a key that was left out, and has no default, is `undefined`. */
export type Read<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends SureField<infer T> ? T : F[K] extends Field<infer T> ? T | undefined : never;
};

export function text(options: { readonly lengthMax: number; readonly meaning?: string }): Field<string> {
  return scalar(
    { type: 'string', pattern: '\\S', maxLength: options.lengthMax },
    options.meaning ?? `text of 1 to ${options.lengthMax} characters`,
    (value) =>
      typeof value === 'string' && value.trim() !== '' && value.length <= options.lengthMax ? value : undefined,
    'in quotes',
  );
}

/** Text that `parse` accepts, converted by it. `pattern` tells editors the same, as nearly as a pattern can. */
export function parsed<T>(expects: string, pattern: string, parse: (text: string) => T | undefined): Field<T> {
  return scalar({ type: 'string', pattern }, expects, (value) =>
    typeof value === 'string' ? parse(value) : undefined,
  );
}

export function number(options: {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}): Field<number> {
  const { least, most, whole = false } = options;
  return scalar(
    { type: whole ? 'integer' : 'number', minimum: least, maximum: most },
    `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
    (value) =>
      typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
        ? value
        : undefined,
  );
}

export function oneOf<const T extends string>(...words: readonly T[]): Field<T> {
  return scalar(
    { enum: words },
    words.length === 2 ? `${words[0]} or ${words[1]}` : `one of ${words.join(', ')}`,
    (value) => words.find((word) => word === value),
  );
}

export function flag(): Field<boolean> {
  return scalar({ type: 'boolean' }, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
}

/** `10m` → ms. Bounds are written as in the file. */
export function duration(least: string, most: string): Field<number> {
  const [leastMs, mostMs] = [parseDuration(least)!, parseDuration(most)!];
  return parsed(
    `a duration from ${least} to ${most}, such as 30s, 10m or 1h30m`,
    '^(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+$',
    (value) => within(parseDuration(value), leastMs, mostMs),
  );
}

/** `10MB` → bytes. Bounds are written as in the file. */
export function size(least: string, most: string): Field<number> {
  const [leastBytes, mostBytes] = [parseSize(least)!, parseSize(most)!];
  return parsed(
    `a size from ${least} to ${most}, such as 10MB (10⁶ bytes) or 10MiB (2²⁰ each)`,
    '^\\d+(\\.\\d+)? ?([kKMGT]i?B|B)$',
    (value) => within(parseSize(value), leastBytes, mostBytes),
  );
}

/** An address that carries no user name, password, query or fragment. */
export function httpUrl(): Field<string> {
  return parsed(
    'an address such as https://gateway.example.com, without a password in it',
    '^https?://[^@\\s]+$',
    (value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined;
      if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return undefined;
      return url.username + url.password + url.search + url.hash === '' ? value.replace(/\/+$/, '') : undefined;
    },
  );
}

export function absolutePath(example: string): Field<string> {
  return parsed(`an absolute path such as ${example}`, '^/', (value) =>
    value.startsWith('/') && !value.includes('\0') ? value : undefined,
  );
}

export function list<T>(
  item: Field<T>,
  options: { readonly lengthMin?: number; readonly lengthMax: number; readonly of: string },
): Field<readonly T[]> {
  const { lengthMin = 0, lengthMax, of } = options;
  const expects =
    lengthMin === 0 ? `a list of ${of}, at most ${lengthMax}` : `a list of ${lengthMin} to ${lengthMax} ${of}`;
  return {
    schema: {
      type: 'array',
      items: item.schema,
      ...(lengthMin === 0 ? {} : { minItems: lengthMin }),
      maxItems: lengthMax,
    },
    expects,
    read(located, path, complaints) {
      if (located.type !== 'list' || located.items.length > lengthMax || located.items.length < lengthMin)
        return refuse(located, path, expects, complaints);
      const items = located.items.map((each, index) => item.read(each, `${path}[${index}]`, complaints));
      return items.some((each) => each === undefined) ? undefined : (items as T[]);
    },
  };
}

/** One value, or a list of such; read as a list. */
export function oneOrMore<T>(
  item: Field<T>,
  options: { readonly lengthMax: number; readonly of: string },
): Field<readonly T[]> {
  const many = list(item, { lengthMin: 1, ...options });
  return {
    schema: { anyOf: [item.schema, many.schema] },
    expects: `${item.expects}, or ${many.expects}`,
    read(located, path, complaints) {
      if (located.type === 'list') return many.read(located, path, complaints);
      const one = item.read(located, path, complaints);
      return one === undefined ? undefined : [one];
    },
  };
}

/** Keys chosen by the writer, each with the same kind of value. */
export function record<T>(
  key: { readonly expects: string; readonly pattern: RegExp },
  value: Field<T>,
): Field<ReadonlyMap<string, T>> {
  return {
    schema: { type: 'object', propertyNames: { pattern: key.pattern.source }, additionalProperties: value.schema },
    expects: `keys, each ${key.expects}`,
    read(located, path, complaints) {
      if (located.type !== 'map') return refuse(located, path, this.expects, complaints);
      const found = new Map<string, T>();
      let whole = true;
      for (const entry of located.entries) {
        const at = joinPath(path, entry.key);
        const one = value.read(entry.value, at, complaints);
        if (!key.pattern.test(entry.key)) complaints.add(entry.keyAt, at, 'is not a usable key', `use ${key.expects}`);
        else if (one !== undefined) found.set(entry.key, one);
        whole &&= found.has(entry.key);
      }
      return whole ? found : undefined;
    },
  };
}

/** A field that can also tell what of its keys could be read, where not all of them could. */
export interface GroupField<F extends Fields> extends Field<Read<F>> {
  /** Complains of nothing. */
  readPartly(located: Located): PartlyRead<Read<F>>;
}

export interface PartlyRead<T> {
  /** With the default, or nothing, for what failed. */
  readonly values: T;
  /** Keys that could not be read, and those that were probably meant by one that is not known. */
  readonly failed: ReadonlySet<string>;
}

/** A group of keys; unknown ones are refused, with the one that was probably meant. */
export function group<F extends Fields>(fields: F): GroupField<F> {
  const expects = `keys of: ${Object.keys(fields).join(', ')}`;
  return {
    schema: groupSchema(fields),
    expects,
    read(located, path, complaints) {
      if (located.type !== 'map') return refuse(located, path, expects, complaints);
      const unknown = located.entries.filter((entry) => !Object.hasOwn(fields, entry.key));
      for (const entry of unknown) refuseKey(entry, path, Object.keys(fields), complaints);
      let whole = unknown.length === 0;
      const read: Record<string, unknown> = {};
      for (const [key, field] of Object.entries(fields)) {
        const entry = located.entries.find((candidate) => candidate.key === key);
        if (entry !== undefined) read[key] = field.read(entry.value, joinPath(path, key), complaints);
        else if (field.required) complaints.add(located.at, joinPath(path, key), 'is missing', `use ${field.expects}`);
        else read[key] = defaultOf(field);
        if (read[key] === undefined && (entry !== undefined || field.required)) whole = false;
      }
      return whole ? (read as Read<F>) : undefined;
    },
    readPartly(located) {
      const entries = located.type === 'map' ? located.entries : [];
      const failed = new Set<string>();
      for (const { key } of entries) {
        const meant = Object.hasOwn(fields, key) ? undefined : nearest(key, Object.keys(fields));
        if (meant !== undefined) failed.add(meant);
      }
      const unheard = new FileComplaints('', []);
      const values = Object.entries(fields).map(([key, field]) => {
        const entry = entries.find((candidate) => candidate.key === key);
        const value = entry === undefined ? defaultOf(field) : field.read(entry.value, '', unheard);
        if (value === undefined && (entry !== undefined || field.required)) failed.add(key);
        return [key, value ?? defaultOf(field)] as const;
      });
      return { values: Object.fromEntries(values) as Read<F>, failed };
    },
  };
}

/** The same field with what an absent key means, written as in the file. */
export function withDefault<T>(
  field: Field<T>,
  written: string | number | boolean | Readonly<Record<string, never>>,
  description: string,
): SureField<T> {
  const schema = typeof written === 'object' ? field.schema : { ...field.schema, default: written };
  return { ...field, schema: { ...schema, description }, byDefault: written, sure: true };
}

export function described<T>(field: Field<T>, description: string): Field<T> {
  return { ...field, schema: { ...field.schema, description } };
}

export function required<T>(field: Field<T>): SureField<T> {
  return { ...field, required: true, sure: true };
}

/** What `field` reads to when its key is left out. A default that its own field refuses is our mistake. */
export function defaultOf<T>(field: Field<T>): T | undefined {
  if (field.byDefault === undefined) return undefined;
  const at = { line: 1, column: 1 };
  const located: Located =
    typeof field.byDefault === 'object'
      ? { type: 'map', at, entries: [] }
      : { type: 'scalar', at, value: field.byDefault as string | number | boolean };
  const complain = {
    add(_at: unknown, path: string, problem: string): never {
      throw new Error(`the default of a setting is refused by its own field: ${path} ${problem}`);
    },
  };
  return field.read(located, '', complain as unknown as FileComplaints);
}

/** Only what was written: a key that was left out stays out. */
export function present<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

export function joinPath(path: string, key: string): string {
  const plain = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return path === '' ? plain : `${path}.${plain}`;
}

function scalar<T>(
  schema: JsonSchema,
  expects: string,
  accept: (value: string | number | boolean | null) => T | undefined,
  /** Said of a value that YAML took for a number, or for true or false. */
  notText?: string,
): Field<T> {
  return {
    schema,
    expects,
    read(located, path, complaints) {
      const value = located.type === 'scalar' ? accept(located.value) : undefined;
      if (value !== undefined) return value;
      const isText = located.type !== 'scalar' || located.value === null || typeof located.value === 'string';
      return refuse(located, path, isText || notText === undefined ? expects : `${expects}, ${notText}`, complaints);
    },
  };
}

function refuse(located: Located, path: string, expects: string, complaints: FileComplaints): undefined {
  const empty = located.type === 'scalar' && located.value === null;
  complaints.add(located.at, path, `is ${showValue(located)}`, `use ${expects}${empty ? ', or remove the key' : ''}`);
  return undefined;
}

const SECRET_LIKE = /secret|passw|token|credential|access_?key|api_?key|private/i;

/** The value of an unknown key isn't shown: it may be a secret that was put in the wrong place. */
function refuseKey(entry: LocatedEntry, path: string, known: readonly string[], complaints: FileComplaints): void {
  const meant = nearest(entry.key, known);
  const remedy = meant
    ? `did you mean ${meant}?`
    : entry.key === '<<'
      ? 'YAML 1.2 merges nothing: write the keys out, or let an alias (*name) stand for a whole value'
      : SECRET_LIKE.test(entry.key)
        ? 'secrets never live in these files: set them in the environment (see .env.example) and change this one, it may have been seen'
        : `use one of ${known.join(', ')}`;
  complaints.add(entry.keyAt, joinPath(path, entry.key), 'is not known here', remedy);
}

function groupSchema(fields: Fields): JsonSchema {
  const needed = Object.keys(fields).filter((key) => fields[key]?.required);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.schema])),
    ...(needed.length > 0 ? { required: needed } : {}),
  };
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
