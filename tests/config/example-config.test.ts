import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { addExampleConfig, copyExampleConfig, loadConfig } from '../../src/config/index.ts';
import { configJsonSchemas } from '../../src/config/json-schemas.ts';
import { configFolder } from './folder.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../config');

test('the example is copied whole to a home without a configuration', async (t) => {
  const home = await configFolder(t, {});
  const target = path.join(home, 'deep', 'config');

  assert.equal(await copyExampleConfig(EXAMPLE, target), true);

  assert.equal((await loadConfig(target)).config.revision, (await loadConfig(EXAMPLE)).config.revision);
  assert.deepEqual(await readdir(path.dirname(target)), ['config']);
});

test('a configuration that is there is left alone, even an empty one', async (t) => {
  const home = await configFolder(t, { 'config/storage.yaml': 'upload: { window: 5m }\n' });
  await mkdir(path.join(home, 'empty'));

  assert.equal(await copyExampleConfig(EXAMPLE, path.join(home, 'config')), false);
  assert.equal(await copyExampleConfig(EXAMPLE, path.join(home, 'empty')), false);

  assert.deepEqual(await readdir(path.join(home, 'config')), ['storage.yaml']);
  assert.deepEqual(await readdir(path.join(home, 'empty')), []);
});

test('it is added to a folder in which no settings stand, as of a new repository, and to no other', async (t) => {
  const home = await configFolder(t, {
    'new/README.md': 'ours\n',
    'new/.github/workflows/x.yml': 'ours\n',
    'old/storage.yaml': '{}\n',
    'old/README.md': '',
    'stack/compose.yml': '',
    file: '',
  });
  const add = (name: string) => addExampleConfig(EXAMPLE, path.join(home, name));

  assert.deepEqual(await Promise.all(['new', 'absent', 'old', 'stack', 'file'].map(add)), [
    [],
    [],
    ['storage.yaml'],
    ['compose.yml'],
    ['file'],
  ]);

  const loaded = await Promise.all(['new', 'absent'].map((name) => loadConfig(path.join(home, name))));
  assert.equal(loaded[0]!.config.revision, (await loadConfig(EXAMPLE)).config.revision);
  assert.equal(loaded[1]!.config.revision, loaded[0]!.config.revision);
  assert.equal(await readFile(path.join(home, 'new/README.md'), 'utf8'), 'ours\n');
  assert.deepEqual((await readdir(path.join(home, 'old'))).sort(), ['README.md', 'storage.yaml']);
});

test('what a killed copy left behind does not get into the next one', async (t) => {
  const home = await configFolder(t, { 'config.partial/agents/rubbish.yaml': 'zzz: 1\n' });

  await copyExampleConfig(EXAMPLE, path.join(home, 'config'));

  assert.deepEqual(await readdir(home), ['config']);
  await loadConfig(path.join(home, 'config'));
});

test('a place that cannot be written is named', async (t) => {
  const home = await configFolder(t, { file: '' });

  await assert.rejects(copyExampleConfig(EXAMPLE, path.join(home, 'file', 'config')), { code: 'NSV_HOME_UNUSABLE' });
});

test('the published JSON Schemas are those of the loader (UPDATE=1 writes them)', async () => {
  for (const [name, schema] of Object.entries(configJsonSchemas())) {
    const file = path.join(EXAMPLE, 'schemas', name);
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    if (process.env['UPDATE'] === '1') await writeFile(file, text);
    assert.equal(await readFile(file, 'utf8'), text, `${name} is out of date: run UPDATE=1 npm test -- example-config`);
  }
});

test('each example file names its schema for editors', async () => {
  const files = (await readdir(EXAMPLE, { recursive: true })).filter((file) => file.endsWith('.yaml'));
  assert.equal(files.length, 9);
  for (const file of files) {
    const [line = ''] = (await readFile(path.join(EXAMPLE, file), 'utf8')).split('\n');
    const schema = /^# yaml-language-server: \$schema=(\S+)$/.exec(line)?.[1];
    assert.ok(schema, `${file} names no schema`);
    assert.ok(path.basename(schema) in configJsonSchemas(), `${file} names ${schema}, which is not published`);
    await readFile(path.resolve(EXAMPLE, path.dirname(file), schema));
  }
});
