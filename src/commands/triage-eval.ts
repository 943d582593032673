import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { EXIT } from './exit-codes.ts';
import { formatTable, print, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { resolveUserPath } from './settings.ts';
import { type Evaluation, evaluate } from './triage/evaluate.ts';
import type { Prediction } from './triage/predict.ts';

export interface TriageEvalOptions {
  readonly out?: string;
  readonly raw?: boolean;
  readonly json?: boolean;
}

/** `nervesys triage eval DIR`: how the triage does on lines whose templates and alerts are known. */
export async function run(options: TriageEvalOptions, folder: string): Promise<number> {
  const progress = new ProgressLine(process.stderr, systemClock);
  const out = options.out === undefined ? undefined : openOut(resolveUserPath(options.out));
  let evaluation: Evaluation;
  try {
    evaluation = await evaluate({
      folder: resolveUserPath(folder),
      raw: options.raw ?? false,
      onProgress: (system, part) => progress.show(system, part),
      ...(out !== undefined && { onSystem: (system, predictions) => writePredictions(out, system, predictions) }),
    });
  } finally {
    progress.clear();
  }
  if (options.json) printJson(evaluation);
  else print(formatEvaluation(evaluation));
  return EXIT.done;
}

/** The figures as people read them, one system a line. */
export function formatEvaluation({ systems, summary }: Evaluation): string {
  const table = formatTable(systems, [
    { title: 'SYSTEM', text: ({ system }) => system },
    { title: 'LINES', text: ({ lines }) => String(lines), align: 'right' },
    { title: 'GA', text: ({ scores }) => share(scores?.groupingAccuracy), align: 'right' },
    { title: 'FGA', text: ({ scores }) => share(scores?.groupF1), align: 'right' },
    { title: 'PA', text: ({ scores }) => share(scores?.textAccuracy), align: 'right' },
    {
      title: 'GROUPS/TRUE',
      text: ({ scores }) => (scores === undefined ? '-' : `${scores.groups}/${scores.trueGroups}`),
      align: 'right',
    },
    { title: 'ALERT F1', text: ({ scores }) => share(scores?.alertsByLine.f1), align: 'right' },
    { title: 'BY TEMPLATE', text: ({ scores }) => share(scores?.alertsByTemplate.f1), align: 'right' },
    { title: 'AP', text: ({ scores }) => share(scores?.averagePrecision), align: 'right' },
  ]);
  if (summary === undefined) return table;
  const { alertsByTemplate: alerts } = summary;
  return [
    table,
    '',
    `mean GA ${share(summary.groupingAccuracy)} (worst ${share(summary.groupingAccuracyWorst)}), mean FGA ${share(summary.groupF1)}, ` +
      `mean PA ${share(summary.textAccuracy)}, groups made per true group at most ${summary.groupsPerTrueGroupWorst.toFixed(2)}`,
    `alerts by template: precision ${share(alerts.precision)}, recall ${share(alerts.recall)}, F1 ${share(alerts.f1)}; by line, mean F1 ` +
      `${share(summary.alertsByLineF1Mean)}; false alarms ${(100 * summary.falseAlarmRate).toFixed(3)} % of ordinary lines, ` +
      `${summary.falseAlarmsWhereNone} lines where there is no alert`,
  ].join('\n');
}

function share(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(3);
}

function openOut(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch (error) {
    throw new NervesysError('NSV_SETTING_INVALID', `make ${folder}: ${errorCode(error)}`, {
      hint: 'name a folder for the predictions that can be made and written',
      cause: error,
    });
  }
}

function writePredictions(folder: string, system: string, predictions: readonly Prediction[]): void {
  const path = join(folder, `${system}.jsonl`);
  try {
    writeFileSync(path, predictions.map((prediction) => `${JSON.stringify(prediction)}\n`).join(''));
  } catch (error) {
    throw new NervesysError('NSV_TRIAGE_SET_UNUSABLE', `write ${path}: ${errorCode(error)}`, { cause: error });
  }
}
