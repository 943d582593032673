import path from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect, stripVTControlCharacters, styleText } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '..');
/** What a failed file printed is shown up to this; more hides the failure itself. */
const OUTPUT_SHOWN_MAX = 8_000;

interface FileReport {
  readonly failures: { readonly name: string; readonly place: string; readonly error: unknown }[];
  readonly notes: string[];
  output: string;
}

/**
 * One line a test file, everything about what failed, what was skipped and why, and node's own summary at the end.
 * Loaded by `node --test --test-reporter`.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileReport>();
  // A test that is defined in a shared suite belongs to the file that ran it, its entry file.
  const of = (data: { readonly file?: string | undefined; readonly entryFile?: string | undefined }): FileReport => {
    const file = data.entryFile ?? data.file;
    const key = file === undefined ? '' : path.resolve(ROOT, file);
    const known = files.get(key);
    if (known) return known;
    const fresh: FileReport = { failures: [], notes: [], output: '' };
    files.set(key, fresh);
    return fresh;
  };
  const failed: FileReport[] = [];
  const totals: string[] = [];

  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      const report = of(data);
      if (report.output.length < OUTPUT_SHOWN_MAX) report.output += data.message;
    } else if (type === 'test:pass' && data.skip !== undefined) {
      of(data).notes.push(`skipped: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}`);
    } else if (type === 'test:pass' && data.todo !== undefined) {
      of(data).notes.push(`to do: ${data.name}`);
    } else if (type === 'test:fail' && data.todo === undefined) {
      const { error } = data.details;
      if (isOnlyAboutItsParts(error)) continue;
      const place = data.file === undefined ? '' : `${path.relative(ROOT, data.file)}:${data.line ?? 1}`;
      of(data).failures.push({ name: data.name, place, error: error.cause ?? error });
    } else if (type === 'test:diagnostic') {
      if (data.file === undefined) totals.push(`${styleText('dim', 'ℹ')} ${data.message}\n`);
      else of(data).notes.push(data.message);
    } else if (type === 'test:summary' && data.file !== undefined) {
      const report = of(data);
      yield fileLines(path.relative(ROOT, data.file), data.counts, data.duration_ms, data.success, report);
      if (!data.success) failed.push(report);
    } else if (type === 'test:summary') {
      for (const [file, report] of files) {
        if (report.failures.length === 0 || failed.includes(report)) continue;
        yield `${styleText('red', '✖')} ${path.relative(ROOT, file)}  ${styleText('dim', 'its process failed')}\n`;
        failed.push(report);
      }
      for (const report of failed) yield failureLines(report);
      yield totals.join('');
    }
  }
}

function fileLines(
  file: string,
  counts: { readonly tests: number; readonly passed: number },
  durationMs: number,
  success: boolean,
  report: FileReport,
): string {
  const mark = success ? styleText('green', '✔') : styleText('red', '✖');
  const count = success ? `${counts.tests}` : `${counts.passed} of ${counts.tests}`;
  const facts = styleText('dim', `${count} in ${(durationMs / 1000).toFixed(1)} s`);
  const notes = report.notes.map((note) => styleText('dim', `    ${note}\n`)).join('');
  return `${mark} ${file}  ${facts}\n${notes}`;
}

function failureLines({ failures, output }: FileReport): string {
  const lines: string[] = [];
  for (const { name, place, error } of failures) {
    const text =
      error instanceof Error ? (error.stack ?? error.message) : typeof error === 'string' ? error : inspect(error);
    lines.push('', `${styleText('red', '✖')} ${name}  ${styleText('dim', place)}`, indent(withoutNodeInternals(text)));
  }
  if (output.trim() !== '')
    lines.push(
      '',
      styleText('dim', '  its output:'),
      indent(stripVTControlCharacters(output.slice(0, OUTPUT_SHOWN_MAX))),
    );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}

/** A suite, or a file, that failed because one of its tests did: the test itself is told already. */
function isOnlyAboutItsParts(error: Error & { readonly failureType?: string }): boolean {
  return error.failureType === 'subtestsFailed';
}

function withoutNodeInternals(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at (.*\()?node:/.test(line))
    .join('\n');
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ');
}
