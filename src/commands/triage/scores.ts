import type { Prediction } from './predict.ts';

/** The answers for a line. `isAlert` is undefined where reasonable people differ: such lines aren't scored. */
export interface TrueLine {
  readonly group: string;
  readonly template: string;
  readonly isAlert: boolean | undefined;
}

/** Hits and misses of a yes-or-no question; a ratio without anything to divide by is `undefined`. */
export interface Binary {
  readonly hits: number;
  readonly falseAlarms: number;
  readonly misses: number;
  readonly rejections: number;
  readonly precision: number | undefined;
  readonly recall: number | undefined;
  readonly f1: number | undefined;
}

export interface Scores {
  readonly lines: number;
  /** Share of lines whose group is exactly a true one. */
  readonly groupingAccuracy: number;
  /** F1 over groups found exactly. */
  readonly groupF1: number;
  /** Share of lines whose template reads as the true one. */
  readonly textAccuracy: number;
  readonly groups: number;
  readonly trueGroups: number;
  readonly alertsByLine: Binary;
  /** By true template: alerted where at least half of its lines were. */
  readonly alertsByTemplate: Binary;
  /** Of the lines in the order of their scores; worst case among equal ones. */
  readonly averagePrecision: number | undefined;
}

export interface Summary {
  readonly systems: number;
  readonly groupingAccuracy: number;
  readonly groupingAccuracyWorst: number;
  readonly groupF1: number;
  readonly textAccuracy: number;
  readonly groupsPerTrueGroupWorst: number;
  readonly alertsByLineF1Mean: number | undefined;
  readonly alertsByTemplate: Binary;
  readonly alertsByLine: Binary;
  readonly falseAlarmRate: number;
  /** On systems without any alert. */
  readonly falseAlarmsWhereNone: number;
}

export function scoreSystem(truth: readonly TrueLine[], predictions: readonly Prediction[]): Scores {
  const grouping = scoreGroups(
    truth.map(({ group }) => group),
    predictions.map(({ template_id }) => template_id),
  );
  const judged = truth.flatMap((line, index) => {
    const prediction = predictions[index] as Prediction;
    return line.isAlert === undefined ? [] : [{ ...line, isAlert: line.isAlert, prediction }];
  });
  const templates = new Map<string, { isAlert: boolean; lines: number; alerted: number }>();
  for (const { group, isAlert, prediction } of judged) {
    const template = templates.get(group) ?? { isAlert, lines: 0, alerted: 0 };
    template.lines++;
    if (prediction.alert) template.alerted++;
    templates.set(group, template);
  }
  const alike = truth.filter(({ template }, index) => plain(template) === plain(predictions[index]?.template ?? ''));
  return {
    lines: truth.length,
    ...grouping,
    textAccuracy: alike.length / truth.length,
    alertsByLine: scoreBinary(judged.map(({ isAlert, prediction }) => [isAlert, prediction.alert])),
    alertsByTemplate: scoreBinary(
      [...templates.values()].map(({ isAlert, lines, alerted }) => [isAlert, alerted * 2 >= lines]),
    ),
    averagePrecision: averagePrecision(judged.map(({ isAlert, prediction }) => [isAlert, prediction.score])),
  };
}

export function summarise(scores: readonly Scores[]): Summary {
  const [byLine, byTemplate] = [pool(scores, 'alertsByLine'), pool(scores, 'alertsByTemplate')];
  const f1s = scores.flatMap(({ alertsByLine: { f1 } }) => (f1 === undefined ? [] : [f1]));
  return {
    systems: scores.length,
    groupingAccuracy: mean(scores.map(({ groupingAccuracy }) => groupingAccuracy)),
    groupingAccuracyWorst: Math.min(...scores.map(({ groupingAccuracy }) => groupingAccuracy)),
    groupF1: mean(scores.map(({ groupF1 }) => groupF1)),
    textAccuracy: mean(scores.map(({ textAccuracy }) => textAccuracy)),
    groupsPerTrueGroupWorst: Math.max(...scores.map(({ groups, trueGroups }) => groups / trueGroups)),
    alertsByLineF1Mean: f1s.length === 0 ? undefined : mean(f1s),
    alertsByTemplate: byTemplate,
    alertsByLine: byLine,
    falseAlarmRate: byLine.falseAlarms / Math.max(1, byLine.falseAlarms + byLine.rejections),
    falseAlarmsWhereNone: scores
      .filter(({ alertsByLine: { f1 } }) => f1 === undefined)
      .reduce((sum, { alertsByLine: { falseAlarms } }) => sum + falseAlarms, 0),
  };
}

function scoreGroups(
  truth: readonly string[],
  predicted: readonly string[],
): Pick<Scores, 'groupingAccuracy' | 'groupF1' | 'groups' | 'trueGroups'> {
  const [trueGroups, groups] = [groupLines(truth), groupLines(predicted)];
  let [exact, exactLines] = [0, 0];
  for (const lines of groups.values()) {
    const group = truth[lines[0] as number] as string;
    const isExact = trueGroups.get(group)?.length === lines.length && lines.every((line) => truth[line] === group);
    if (!isExact) continue;
    exact++;
    exactLines += lines.length;
  }
  const [precision, recall] = [exact / groups.size, exact / trueGroups.size];
  return {
    groupingAccuracy: exactLines / truth.length,
    groupF1: exact === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    groups: groups.size,
    trueGroups: trueGroups.size,
  };
}

function groupLines(ids: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [line, id] of ids.entries()) {
    const lines = groups.get(id);
    if (lines === undefined) groups.set(id, [line]);
    else lines.push(line);
  }
  return groups;
}

/** Pairs of what is true and what was said. */
function scoreBinary(pairs: readonly (readonly [boolean, boolean])[]): Binary {
  const count = (isTrue: boolean, isSaid: boolean) =>
    pairs.filter(([one, other]) => one === isTrue && other === isSaid).length;
  return ratios({
    hits: count(true, true),
    falseAlarms: count(false, true),
    misses: count(true, false),
    rejections: count(false, false),
  });
}

function pool(scores: readonly Scores[], key: 'alertsByLine' | 'alertsByTemplate'): Binary {
  const sum = (of: (binary: Binary) => number) => scores.reduce((total, score) => total + of(score[key]), 0);
  return ratios({
    hits: sum(({ hits }) => hits),
    falseAlarms: sum(({ falseAlarms }) => falseAlarms),
    misses: sum(({ misses }) => misses),
    rejections: sum(({ rejections }) => rejections),
  });
}

function ratios(counts: Pick<Binary, 'hits' | 'falseAlarms' | 'misses' | 'rejections'>): Binary {
  const { hits, falseAlarms, misses } = counts;
  const ratio = (part: number, whole: number) => (whole === 0 ? undefined : part / whole);
  return {
    ...counts,
    precision: ratio(hits, hits + falseAlarms),
    recall: ratio(hits, hits + misses),
    f1: hits + misses === 0 ? undefined : (2 * hits) / (2 * hits + falseAlarms + misses),
  };
}

function averagePrecision(list: readonly (readonly [boolean, number])[]): number | undefined {
  const sorted = [...list].sort(
    ([oneTrue, one], [otherTrue, other]) => other - one || Number(oneTrue) - Number(otherTrue),
  );
  let [hits, sum] = [0, 0];
  for (const [index, [isTrue]] of sorted.entries()) if (isTrue) sum += ++hits / (index + 1);
  return hits === 0 ? undefined : sum / hits;
}

/** White space and runs of wildcards don't count. */
function plain(template: string): string {
  return template
    .replace(/<\*>(?:\s*<\*>)+/g, '<*>')
    .replace(/\s+/g, ' ')
    .trim();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
