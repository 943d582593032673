import type { TemplateDetail, TemplatesAnswer, TemplateView } from '../contract/fleet-templates.ts';
import { LEVELS, type Level, type LevelCounts } from '../contract/record.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Column, escapeControls, formatTable, note, painter, print, printJson, second } from './output.ts';

export interface TemplatesOptions extends ReaderOptions {
  readonly new?: boolean;
  readonly alert?: boolean;
  readonly agent?: string;
  readonly level?: Level;
  readonly grep?: string;
  /** Ms. */
  readonly since: number;
  readonly limit: number;
}

const PAGE_MAX = 500;
/** So much of a text stands in a line of the list; `--json` has it all. */
const SHOWN_LENGTH_MAX = 200;

/** `nervesys triage templates`: what log lines of the fleet look like; with an id one of them. */
export async function templates(options: TemplatesOptions, id: string | undefined): Promise<number> {
  return id === undefined ? list(options) : show(options, id);
}

async function list(options: TemplatesOptions): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  const found: TemplateView[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      ...(options.new ? { new: 'true' } : {}),
      ...(options.alert ? { alert: 'true' } : {}),
      ...(options.agent === undefined ? {} : { agent_id: options.agent }),
      ...(options.level === undefined ? {} : { level: options.level }),
      ...(options.grep === undefined ? {} : { q: options.grep }),
      since: sinceOf(options),
      limit: String(Math.min(options.limit - found.length, PAGE_MAX)),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const answer = (await orchestrator.ask('GET', `/api/v1/templates?${query}`)) as TemplatesAnswer;
    found.push(...answer.templates);
    cursor = answer.next;
  } while (cursor !== undefined && found.length < options.limit);
  if (options.json) {
    printJson({ templates: found });
    return EXIT.done;
  }
  if (found.length === 0) {
    note(options.new ? 'No new template.' : 'No such template.');
    return EXIT.done;
  }
  const paint = painter(process.stdout);
  print(
    formatTable(found, [
      { title: 'TEMPLATE', text: (one) => one.template },
      {
        title: options.new ? 'FIRST' : 'LAST',
        text: (one) => second(options.new ? one.first_seen_at : one.last_seen_at),
      },
      { title: 'TAKEN FOR', text: (one) => (isTold(one) ? paint('red', verdictOf(one)) : verdictOf(one)) },
      ...levelColumns<TemplateView>((one) => one.level_counts),
      { title: 'TEXT', text: (one) => excerpt(one.text) },
    ]),
  );
  return EXIT.done;
}

async function show(options: TemplatesOptions, id: string): Promise<number> {
  const path = `/api/v1/templates/${encodeURIComponent(id)}?since=${sinceOf(options)}`;
  const found = (await connectOrchestrator(options).ask('GET', path)) as TemplateDetail;
  if (options.json) {
    printJson(found);
    return EXIT.done;
  }
  print(`${found.template}  ${escapeControls(found.text)}`);
  print(`seen ${second(found.first_seen_at)} to ${second(found.last_seen_at)} UTC`);
  print(`taken for ${verdictOf(found)} (score ${found.score.toFixed(2)})`);
  if (found.correction !== null) {
    const { marked_by: by, marked_at: at, note: why } = found.correction;
    print(`marked by ${escapeControls(by)}, ${second(at)} UTC${why === null ? '' : `: ${escapeControls(why)}`}`);
  }
  if (found.related.length > 0) print(`related: ${found.related.join(', ')}`);
  if (found.days.length > 0) {
    print('');
    print(
      formatTable(found.days, [
        { title: 'DAY', text: (one) => one.day },
        ...levelColumns<(typeof found.days)[number]>((one) => one.level_counts),
      ]),
    );
    print('');
    print(
      formatTable(found.agents, [
        { title: 'AGENT', text: (one) => escapeControls(one.agent_id) },
        ...levelColumns<(typeof found.agents)[number]>((one) => one.level_counts),
      ]),
    );
  }
  return EXIT.done;
}

function levelColumns<Row>(countsOf: (row: Row) => LevelCounts): Column<Row>[] {
  return LEVELS.map((level) => ({
    title: level,
    align: 'right',
    text: (row) => String(countsOf(row)[level] || '·'),
  }));
}

/** Whether people are told of it. */
function isTold({ mark, is_alert: isAlert }: TemplateView): boolean {
  return mark === null ? isAlert : mark === 'alert';
}

function verdictOf(view: TemplateView): string {
  const verdict = isTold(view) ? 'alert' : 'ordinary';
  return view.mark === null ? verdict : `${verdict}, marked`;
}

function sinceOf({ since }: TemplatesOptions): string {
  return `${Math.ceil(since / 1_000)}s`;
}

function excerpt(text: string): string {
  const units = [...escapeControls(text)];
  return units.length > SHOWN_LENGTH_MAX ? `${units.slice(0, SHOWN_LENGTH_MAX - 1).join('')}…` : units.join('');
}
