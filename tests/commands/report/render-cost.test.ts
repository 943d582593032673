/** What it takes to render the report of a thousand AI agents, in the process that the orchestrator starts for it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { spawnRenderer } from '../../../src/commands/report/spawn-renderer.ts';
import type { ReportFormat } from '../../../src/contract/reports.ts';
import { RenderProcess } from '../../../src/orchestrator/reports/render-process.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { sampleDay } from '../../support/report-samples.ts';
import { MAIN } from '../run-nervesys.ts';

const noProc = process.platform === 'linux' ? false : 'the peak of a process is told by /proc, which is on Linux alone';

test('a workbook of a thousand AI agents takes less than 240 MB', { skip: noProc }, async (t) => {
  let pid: number | undefined;
  const rendering = new RenderProcess({
    clock: systemClock,
    memoryBytesMax: 1e12,
    spawn: () => {
      const child = spawnRenderer(MAIN)();
      pid = child.pid;
      return child;
    },
  });
  t.after(() => rendering[Symbol.asyncDispose]());
  const facts = sampleDay('thousand-agents');

  const { bytes } = await rendering.render({ facts, lang: 'en', format: 'xlsx' }, new AbortController().signal);

  assert.ok(bytes.length > 500_000);
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1_024;
  assert.ok(peak < 240e6, `${Math.round(peak / 1e6)} MB`);
});

/** The files that making a report loads of packages. */
async function loadedFor(format: ReportFormat): Promise<readonly string[]> {
  const code = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { renderReport } = await import('./src/orchestrator/reports/render.ts');
    const { sampleDay } = await import('./tests/support/report-samples.ts');
    await renderReport({ facts: sampleDay('one-agent'), lang: 'he', format: '${format}' });
    console.log(JSON.stringify(loaded.filter((url) => url.includes('/node_modules/'))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  return JSON.parse(stdout) as string[];
}

test('a PDF loads what draws its charts as one file, and a workbook loads neither that nor the typesetter', async () => {
  const [ofPdf, ofWorkbook] = await Promise.all([loadedFor('pdf'), loadedFor('xlsx')]);

  assert.equal(ofPdf.filter((url) => /\/(?:echarts|zrender)\//.test(url)).length, 1);
  assert.equal(
    ofPdf.some((url) => url.includes('typst')),
    true,
  );
  assert.deepEqual(
    ofWorkbook.filter((url) => !url.includes('/excelize-wasm/')),
    [],
  );
});
