import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { configJsonSchemas } from '../../src/config/json-schemas.ts';
import { ROOT } from './sources.ts';

const DOCUMENT = path.join(ROOT, 'docs/CONFIG.md');
const REFERENCE = /(<!-- reference: [^\n]*-->\n)[\s\S]*(<!-- \/reference -->)/;

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  /** Groups of which one holds, told apart by their `type`. */
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
}

test('the reference in docs/CONFIG.md names every setting with its default and meaning (UPDATE=1 writes it)', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  assert.match(text, REFERENCE);
  const expected = text.replace(REFERENCE, (_, begin, end) => `${begin}${reference()}${end}`);
  if (process.env['UPDATE'] === '1') writeFileSync(DOCUMENT, expected);

  assert.equal(readFileSync(DOCUMENT, 'utf8'), expected, 'run UPDATE=1 npm test -- config-doc');
});

function reference(): string {
  const sections = Object.values(configJsonSchemas()).map((schema) => {
    const { title = '' } = schema as Schema;
    return `### ${title.replace(/^Nervesys: /, '')}\n\n| setting | default | meaning |\n| --- | --- | --- |\n${rows(schema as Schema, '').join('\n')}\n`;
  });
  return `\n${sections.join('\n')}\n`;
}

/** What all have, once; then what only some have, with the types that do. */
function variantRows(variants: readonly Schema[], prefix: string): readonly string[] {
  const types = variants.map(({ properties }) => properties?.['type']?.enum?.[0] ?? '');
  const groups = new Map<string, { key: string; schema: Schema; types: string[] }>();
  for (const [index, { properties = {} }] of variants.entries()) {
    for (const [key, schema] of Object.entries(properties)) {
      if (key === 'type') continue;
      const id = `${key} ${JSON.stringify(schema)}`;
      groups.set(id, { key, schema, types: [...(groups.get(id)?.types ?? []), types[index]!] });
    }
  }
  const all = [...groups.values()];
  const shared = all.filter((one) => one.types.length === types.length);
  const own = all.filter((one) => one.types.length < types.length);
  return [
    `| \`${prefix}.type\` |  | One of ${types.join(', ')}. |`,
    ...[...shared, ...own].flatMap(({ key, schema, types: of }) => {
      const description = `${of.length === types.length ? '' : `(${of.join(', ')}) `}${schema.description ?? ''}`;
      return rows({ properties: { [key]: { ...schema, description } } }, prefix);
    }),
  ];
}

function rows(schema: Schema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const nested = { ...(property.additionalProperties || {}), ...(property.items ?? {}), ...property } as Schema;
    const own = `| \`${name}\` | ${property.default === undefined ? '' : `\`${property.default}\``} | ${property.description ?? ''} |`;
    const suffix = property.items?.properties ? '[]' : property.additionalProperties ? '.<name>' : '';
    const variants = (property.additionalProperties || undefined)?.oneOf;
    if (variants !== undefined) return [own, ...variantRows(variants, `${name}.<name>`)];
    // Limits for single AI agents have the keys of the defaults; naming them twice tells nothing.
    return suffix === '.<name>' ? [own] : [own, ...rows(nested, `${name}${suffix}`)];
  });
}
