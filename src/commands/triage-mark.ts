import { writeFileSync } from 'node:fs';
import { writeCorrectionRules } from '../config/correction-rules.ts';
import type { AlertDetail } from '../contract/fleet.ts';
import type { CorrectionsView, CorrectionView, MarkAnswer } from '../contract/fleet-templates.ts';
import { TEMPLATE_ID_PATTERN, type TemplateMark } from '../contract/triage.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { connectOrchestrator, type OrchestratorConnection } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, print, printJson, second } from './output.ts';
import { resolveUserPath } from './settings.ts';

export interface MarkOptions extends ReaderOptions {
  readonly ordinary?: boolean;
  readonly alert?: boolean;
  readonly note?: string;
  readonly list?: boolean;
  readonly remove?: boolean;
  /** A file; true: standard output. */
  readonly export?: string | true;
}

/** `nervesys triage mark`: people say what lines are, look at what they said, take it back, or make rules of it. */
export async function run(options: MarkOptions, what: string | undefined): Promise<number> {
  const { ordinary, alert, list, remove } = options;
  const asked = [ordinary, alert, list, remove, options.export].filter((one) => one !== undefined).length;
  const needsId = list === undefined && options.export === undefined;
  if (asked !== 1 || needsId !== (what !== undefined))
    throw new NervesysError('NSV_SETTING_INVALID', 'it is not said what is to be done', {
      hint: 'give an id with --ordinary, --alert or --remove; or --list, or --export, alone',
    });
  const orchestrator = connectOrchestrator(options);
  if (list) return listMarks(orchestrator, options);
  if (options.export !== undefined) return exportMarks(orchestrator, options.export);
  if (remove) return removeMark(orchestrator, what!, options);
  return mark(orchestrator, what!, ordinary ? 'ordinary' : 'alert', options);
}

async function mark(
  orchestrator: OrchestratorConnection,
  what: string,
  as: TemplateMark,
  options: MarkOptions,
): Promise<number> {
  const body = { mark: as, ...(options.note === undefined ? {} : { note: options.note }) };
  const answer = (await (isTemplate(what)
    ? orchestrator.ask('PUT', `/api/v1/triage/corrections/${what}`, body)
    : orchestrator.ask('POST', `/api/v1/alerts/${encodeURIComponent(what)}/mark`, body))) as MarkAnswer;
  if (options.json) {
    printJson(answer);
    return EXIT.done;
  }
  const { correction, resolved } = answer;
  print(`Template ${correction.template} is ${wordOf(as)} from now on: ${escapeControls(correction.text)}`);
  if (resolved.length > 0) print(`Resolved: ${resolved.map((id) => `alert ${id}`).join(', ')}.`);
  return EXIT.done;
}

async function removeMark(orchestrator: OrchestratorConnection, what: string, options: MarkOptions): Promise<number> {
  const template = isTemplate(what) ? what : await templateOf(orchestrator, what);
  await orchestrator.ask('DELETE', `/api/v1/triage/corrections/${template}`);
  if (options.json) printJson({ template });
  else print(`Template ${template} is not marked any more.`);
  return EXIT.done;
}

async function templateOf(orchestrator: OrchestratorConnection, id: string): Promise<string> {
  const alert = (await orchestrator.ask('GET', `/api/v1/alerts/${encodeURIComponent(id)}`)) as AlertDetail;
  const { template } = alert.detail;
  if (typeof template === 'string' && isTemplate(template)) return template;
  throw new NervesysError(
    'NSV_ALERT_UNMARKABLE',
    `alert ${id} (${alert.kind}) was not made from a template of log lines`,
    {
      hint: 'nervesys triage mark --list shows what is marked',
    },
  );
}

async function listMarks(orchestrator: OrchestratorConnection, options: MarkOptions): Promise<number> {
  const corrections = await readMarks(orchestrator);
  if (options.json) {
    printJson({ corrections });
    return EXIT.done;
  }
  if (corrections.length === 0) {
    note('Nothing is marked.');
    return EXIT.done;
  }
  print(
    formatTable(corrections, [
      { title: 'TEMPLATE', text: (one) => one.template },
      { title: 'AS', text: (one) => one.mark },
      { title: 'BY', text: (one) => escapeControls(one.marked_by) },
      { title: 'AT', text: (one) => second(one.marked_at) },
      { title: 'TEXT', text: (one) => escapeControls(one.text) },
      { title: 'WHY', text: (one) => escapeControls(one.note ?? '') },
    ]),
  );
  return EXIT.done;
}

/** A file that stands there may be somebody's settings: it is never written over. */
async function exportMarks(orchestrator: OrchestratorConnection, file: string | true): Promise<number> {
  const yaml = writeCorrectionRules(await readMarks(orchestrator));
  if (file === true) {
    process.stdout.write(yaml);
    return EXIT.done;
  }
  const path = resolveUserPath(file);
  try {
    writeFileSync(path, yaml, { flag: 'wx' });
  } catch (error) {
    throw new NervesysError('NSV_SETTING_INVALID', `cannot write ${path} (${errorCode(error)})`, {
      hint:
        errorCode(error) === 'EEXIST' ? 'choose a file that is not there yet' : 'choose a place that can be written',
      cause: error,
    });
  }
  note(`Written to ${path}.`);
  return EXIT.done;
}

async function readMarks(orchestrator: OrchestratorConnection): Promise<readonly CorrectionView[]> {
  return ((await orchestrator.ask('GET', '/api/v1/triage/corrections')) as CorrectionsView).corrections;
}

function isTemplate(text: string): boolean {
  return TEMPLATE_ID_PATTERN.test(text);
}

function wordOf(as: TemplateMark): string {
  return as === 'ordinary' ? 'ordinary' : 'an alert';
}
