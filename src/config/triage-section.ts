import { ALERT_SEVERITIES } from '../contract/alert.ts';
import {
  type DetectorSettings,
  MODEL_DEFAULT,
  type ModelSettings,
  TRIAGE_DEFAULT,
  type TriageSettings,
} from '../contract/triage-settings.ts';
import { writeDuration, writeSize } from '../platform/quantity.ts';
import {
  absolutePath,
  described,
  duration,
  type Field,
  flag,
  group,
  httpUrl,
  type JsonSchema,
  number,
  oneOf,
  type Read,
  size,
  text,
  withDefault,
} from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const count = number({ least: 2, most: 1_000, whole: true });
const within = duration('1m', '1d');

/**
 * The detectors with their thresholds. A key that is left out is as it would be otherwise, so none has a default here:
 * `TRIAGE_DEFAULT` holds the built-in ones, which only the schema tells.
 */
const { toolLoop, noProgress, contextLength, rateLimit, permissionStorm } = TRIAGE_DEFAULT.detectors;
const { falseSuccess, tokenSpend, promptInjection, rateChange, goneSilent } = TRIAGE_DEFAULT.detectors;

const detectorFields = {
  tool_loop: detector('The same tool called with the same arguments, and nothing new between.', toolLoop, {
    times: builtIn(count, toolLoop.times, 'So many calls…'),
    within: builtIn(within, writeDuration(toolLoop.withinMs), '… within so long.'),
  }),
  no_progress: detector('The same tool, or the model, failing again and again with no success between.', noProgress, {
    times: builtIn(count, noProgress.times, 'So many failures…'),
    within: builtIn(within, writeDuration(noProgress.withinMs), '… within so long.'),
  }),
  context_length: detector('Requests refused for being longer than the model takes.', contextLength, {
    times: builtIn(count, contextLength.times, 'So many…'),
    within: builtIn(within, writeDuration(contextLength.withinMs), '… within so long.'),
  }),
  rate_limit: detector('Requests refused because there were too many.', rateLimit, {
    times: builtIn(count, rateLimit.times, 'So many…'),
    within: builtIn(within, writeDuration(rateLimit.withinMs), '… within so long.'),
  }),
  permission_storm: detector('Permissions refused, one after another.', permissionStorm, {
    times: builtIn(count, permissionStorm.times, 'So many…'),
    within: builtIn(within, writeDuration(permissionStorm.withinMs), '… within so long.'),
  }),
  false_success: detector(
    'Success is claimed while the exit status or the tool result says failure, in the same record or in the result before it.',
    falseSuccess,
    { within: builtIn(within, writeDuration(falseSuccess.withinMs), 'The result before it counts for so long.') },
  ),
  token_spend: detector('Tokens of an hour, far above its own habit.', tokenSpend, {
    factor: builtIn(number({ least: 1.5, most: 1_000 }), tokenSpend.factor, 'So many times its habit…'),
    tokens: builtIn(
      number({ least: 1, most: 1e12, whole: true }),
      tokenSpend.tokensMin,
      '… and no fewer than these, within an hour.',
    ),
    learn: builtIn(duration('1h', '30d'), writeDuration(tokenSpend.learnMs), 'So long its habit is learnt before.'),
  }),
  prompt_injection: detector('Words in a tool result that would give the AI agent orders.', promptInjection, {
    phrases: builtIn(
      number({ least: 1, most: 10, whole: true }),
      promptInjection.phrases,
      'So many different ones in one result.',
    ),
  }),
  rate_change: detector('Lines of a kind that is known suddenly come far more often.', rateChange, {
    factor: builtIn(number({ least: 2, most: 100_000 }), rateChange.factor, 'So many times as often as usual…'),
    lines: builtIn(
      number({ least: 10, most: 1e9, whole: true }),
      rateChange.linesMin,
      '… and no fewer lines than these…',
    ),
    within: builtIn(within, writeDuration(rateChange.withinMs), '… within so long.'),
  }),
  gone_silent: detector('Lines of a kind that came steadily come no longer.', goneSilent, {
    times: builtIn(
      number({ least: 5, most: 10_000, whole: true }),
      goneSilent.times,
      'It must have come so many times…',
    ),
    factor: builtIn(
      number({ least: 3, most: 1_000 }),
      goneSilent.factor,
      '… and be away for so many of its intervals…',
    ),
    silent: builtIn(duration('1m', '30d'), writeDuration(goneSilent.silentMs), '… and for so long.'),
  }),
} as const;

const judgeFields = {
  enabled: builtIn(flag(), TRIAGE_DEFAULT.enabled, 'Whether lines are judged that no rule speaks of.'),
  severity: builtIn(
    oneOf('warning', 'critical'),
    TRIAGE_DEFAULT.severity,
    'Of the alerts of lines that are taken for trouble.',
  ),
  detectors: described(
    group(detectorFields),
    'What goes wrong with AI agents in particular, each with its thresholds (docs/TRIAGE.md).',
  ),
} as const;

const modelFields = {
  source: withDefault(
    oneOf('off', 'gguf', 'http'),
    MODEL_DEFAULT.source,
    'gguf: a file, in a process of its own on this server. http: an OpenAI-compatible address, such as that of Ollama or llama-server; the lines in question go there. off: none is asked.',
  ),
  path: described(
    absolutePath('/var/lib/nervesys/models/tinyllama.gguf'),
    'With gguf: the file; or give the name that nervesys model pull has it under.',
  ),
  url: described(httpUrl(), 'With http: the address, to its /v1. A key for it comes from the environment.'),
  name: described(text({ lengthMax: 200 }), 'With http: the name of the model there. With gguf: see path.'),
  per_hour: withDefault(
    number({ least: 1, most: 3_600, whole: true }),
    MODEL_DEFAULT.perHourMax,
    'So many questions an hour at most.',
  ),
  deadline: withDefault(duration('1s', '10m'), writeDuration(MODEL_DEFAULT.deadlineMs), 'So long for one of them.'),
  memory: withDefault(
    size('256MB', '64GB'),
    writeSize(MODEL_DEFAULT.memoryBytesMax),
    'With gguf: its process is killed above this.',
  ),
} as const;

/** The `triage:` section of an AI agent's file. */
export const triageSection = withoutDefaults(group(judgeFields));
type TriageSection = Read<typeof judgeFields>;

/** The same of `_defaults.yaml`, where the model is named as well. */
export const defaultTriageSection = group({
  ...judgeFields,
  model: described(
    group(modelFields),
    'The language model that is asked once about a new kind of line that is in doubt; one a server.',
  ),
});

/** What is written over what it would be otherwise, key by key. */
export function mergeTriage(own: TriageSection | undefined, base: TriageSettings = TRIAGE_DEFAULT): TriageSettings {
  const { toolLoop, noProgress, contextLength, rateLimit, permissionStorm, ...others } = base.detectors;
  const written = own?.detectors;
  const detectors: DetectorSettings = {
    toolLoop: mergeTimes(written?.tool_loop, toolLoop),
    noProgress: mergeTimes(written?.no_progress, noProgress),
    contextLength: mergeTimes(written?.context_length, contextLength),
    rateLimit: mergeTimes(written?.rate_limit, rateLimit),
    permissionStorm: mergeTimes(written?.permission_storm, permissionStorm),
    falseSuccess: mergeKeys(others.falseSuccess, written?.false_success, { withinMs: written?.false_success?.within }),
    tokenSpend: mergeKeys(others.tokenSpend, written?.token_spend, {
      factor: written?.token_spend?.factor,
      tokensMin: written?.token_spend?.tokens,
      learnMs: written?.token_spend?.learn,
    }),
    promptInjection: mergeKeys(others.promptInjection, written?.prompt_injection, {
      phrases: written?.prompt_injection?.phrases,
    }),
    rateChange: mergeKeys(others.rateChange, written?.rate_change, {
      factor: written?.rate_change?.factor,
      linesMin: written?.rate_change?.lines,
      withinMs: written?.rate_change?.within,
    }),
    goneSilent: mergeKeys(others.goneSilent, written?.gone_silent, {
      times: written?.gone_silent?.times,
      factor: written?.gone_silent?.factor,
      silentMs: written?.gone_silent?.silent,
    }),
  };
  return { enabled: own?.enabled ?? base.enabled, severity: own?.severity ?? base.severity, detectors };
}

export function modelSettings(read: Read<typeof modelFields> | undefined): ModelSettings {
  if (read === undefined) return MODEL_DEFAULT;
  const { source, path, url, name, per_hour, deadline, memory } = read;
  return { source, path, url, name, perHourMax: per_hour, deadlineMs: deadline, memoryBytesMax: memory };
}

/** What must hold between the keys of `model`. */
export function checkModel(model: ModelSettings, root: Located | undefined, complaints: FileComplaints): void {
  const complain = (key: string, problem: string, remedy: string) =>
    complaints.add(positionOf(root, ['triage', 'model', key]), `triage.model.${key}`, problem, remedy);
  const { source, path, url, name } = model;
  if (source === 'http' && url === undefined)
    complain('url', 'is missing, and source is http', 'use an address such as http://127.0.0.1:11434/v1');
  if (source === 'http' && name === undefined)
    complain('name', 'is missing, and source is http', 'use the name of the model there, such as qwen2.5:1.5b');
  if (source === 'gguf' && path === undefined && name === undefined)
    complain('path', 'is missing, and source is gguf', 'use the path of the file, or the name of one that was pulled');
  if (source === 'gguf' && path !== undefined && name !== undefined)
    complain('name', 'is given, and path as well', 'use one of them');
  if (source === 'gguf' && url !== undefined)
    complain('url', 'is given, and source is gguf', 'say source: http, or remove it');
  if (source === 'http' && path !== undefined)
    complain('path', 'is given, and source is http', 'say source: gguf, or remove it');
  if (model.perHourMax * model.deadlineMs > HOUR_MS)
    complain(
      'deadline',
      `is longer than ${model.perHourMax} questions an hour leave for each`,
      'use a shorter one, or fewer questions',
    );
}

const HOUR_MS = 3_600_000;

interface Switch {
  readonly enabled: boolean | undefined;
  readonly severity: DetectorSettings['toolLoop']['severity'] | undefined;
}

function mergeTimes(
  own: (Switch & { readonly times: number | undefined; readonly within: number | undefined }) | undefined,
  base: DetectorSettings['toolLoop'],
): DetectorSettings['toolLoop'] {
  return mergeKeys(base, own, { times: own?.times, withinMs: own?.within });
}

function mergeKeys<T extends DetectorSettings[keyof DetectorSettings]>(
  base: T,
  own: Switch | undefined,
  thresholds: { readonly [K in Exclude<keyof T, keyof Switch>]: T[K] | undefined },
): T {
  const written = { enabled: own?.enabled, severity: own?.severity, ...thresholds };
  const given = Object.entries(written).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}

function detector<F extends Readonly<Record<string, Field<number>>>>(
  description: string,
  { enabled, severity }: { readonly enabled: boolean; readonly severity: string },
  thresholds: F,
) {
  const switches = {
    enabled: builtIn(flag(), enabled, 'Whether it is looked for.'),
    severity: builtIn(oneOf(...ALERT_SEVERITIES), severity, 'How bad it is.'),
  };
  return described(group({ ...switches, ...thresholds }), description);
}

/** In an AI agent's file what is left out is as in `_defaults.yaml`, whatever is built in. */
function withoutDefaults<T>(field: Field<T>): Field<T> {
  const text = JSON.stringify(field.schema, (key, value: unknown) => (key === 'default' ? undefined : value));
  return { ...field, schema: JSON.parse(text) as JsonSchema };
}

/** The schema tells what holds where nobody says otherwise; an absent key stays absent, so that files can be laid over one another. */
function builtIn<T>(field: Field<T>, written: string | number | boolean, description: string): Field<T> {
  return { ...field, schema: { ...field.schema, default: written, description } };
}
