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

function rows(schema: Schema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const nested = { ...(property.additionalProperties || {}), ...(property.items ?? {}), ...property } as Schema;
    const own = `| \`${name}\` | ${property.default === undefined ? '' : `\`${property.default}\``} | ${property.description ?? ''} |`;
    const suffix = property.items?.properties ? '[]' : property.additionalProperties ? '.<name>' : '';
    // Limits for single AI agents have the keys of the defaults; naming them twice tells nothing.
    return suffix === '.<name>' ? [own] : [own, ...rows(nested, `${name}${suffix}`)];
  });
}
