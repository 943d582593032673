import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/systemd');
const UNITS = ['nervesys-agent.service', 'nervesys-orchestrator.service'];
/** Of 100; what systemd itself calls well protected ends at 20. */
const EXPOSURE_MAX = 20;

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
const skip = hasAnalyze ? false : 'systemd-analyze is not installed';

for (const unit of UNITS) {
  test(`${unit} is hardened, comes back by itself, and has no secret in it`, () => {
    const lines = readFileSync(join(FOLDER, unit), 'utf8').split('\n');

    for (const line of [
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'PrivateTmp=yes',
      'Restart=always',
      'User=nervesys',
    ])
      assert.ok(lines.includes(line), line);
    assert.ok(lines.includes('Environment=MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072'));
    assert.ok(lines.some((line) => line.startsWith('ReadWritePaths=/var/lib/nervesys')));
    assert.ok(lines.some((line) => line.startsWith('EnvironmentFile=-/etc/nervesys/')));
    assert.deepEqual(
      lines.filter((line) => /^Environment=.*(?:TOKEN|SECRET|PASSWORD|DATABASE_URL)/.test(line)),
      [],
    );
  });

  test(`systemd finds no mistake in ${unit}, and calls it well protected`, { skip }, async (t) => {
    // Where the program is to be, there is none on this machine: any other stands in.
    const copy = join(await tempDir(t), unit);
    const text = readFileSync(join(FOLDER, unit), 'utf8');
    await writeFile(copy, text.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));

    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', copy], { encoding: 'utf8' });
    const secured = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager', copy],
      { encoding: 'utf8' },
    );

    assert.equal(
      verified.stderr
        .split('\n')
        .filter((line) => line.includes(unit))
        .join('\n'),
      '',
    );
    assert.equal(secured.status, 0, secured.stdout.split('\n').slice(-3).join('\n') + secured.stderr);
  });
}

test('the variables of the unit are those that OPERATIONS.md tells of', () => {
  const operations = readFileSync(join(FOLDER, '../../docs/OPERATIONS.md'), 'utf8');

  assert.match(operations, /Environment=MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072/);
});

test('whatever starts the central service bounds its space for new objects, which can only be done from outside', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const image = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const unit = readFileSync(join(FOLDER, 'nervesys-orchestrator.service'), 'utf8');

  const starts = [
    scripts['start'],
    scripts['nervesys'],
    /^ENTRYPOINT .*$/m.exec(image)?.[0],
    /^ExecStart=.*$/m.exec(unit)?.[0],
  ];

  for (const one of starts) assert.match(one ?? '', /node"?,? "?--max-semi-space-size=8\b/);
});
