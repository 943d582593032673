import type { SilenceView } from '../contract/fleet.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, print, printJson, second } from './output.ts';

export interface SilenceOptions extends ReaderOptions {
  readonly server?: string;
  readonly agent?: string;
  readonly kind?: string;
  readonly everything?: boolean;
  /** Ms. */
  readonly for: number;
  readonly in?: number;
  readonly reason?: string;
}

/** `nervesys alerts silence`. */
export async function silence(options: SilenceOptions, id: string | undefined): Promise<number> {
  const { server, agent, kind, everything } = options;
  if ([id, server, agent, kind, everything].every((one) => one === undefined))
    throw new NervesysError('NSV_SETTING_INVALID', 'it is not said which alerts are to be silenced', {
      hint: "give an alert's id, or --server, --agent, --kind; --everything silences all",
    });
  if (id === undefined && options.reason === undefined)
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      '--reason is missing: what is silenced by a pattern is more than was seen',
      {
        hint: 'say why, for whoever wonders later',
      },
    );
  const made = (await connectOrchestrator(options).ask('POST', '/api/v1/silences', {
    ...(id === undefined ? {} : { alert_id: id }),
    ...(server === undefined ? {} : { server }),
    ...(agent === undefined ? {} : { agent_id: agent }),
    ...(kind === undefined ? {} : { kind }),
    ...(everything ? { everything } : {}),
    seconds: Math.round(options.for / 1_000),
    ...(options.in === undefined ? {} : { starts_in_seconds: Math.round(options.in / 1_000) }),
    reason: options.reason ?? `alert ${id}`,
  })) as SilenceView;
  if (options.json) printJson(made);
  else print(`Silence ${made.id}: ${whatOf(made)}, from ${second(made.starts_at)} to ${second(made.ends_at)} UTC.`);
  return EXIT.done;
}

/** `nervesys alerts silences`. */
export async function list(options: ReaderOptions): Promise<number> {
  const answer = await connectOrchestrator(options).ask('GET', '/api/v1/silences');
  const { silences } = answer as { readonly silences: readonly SilenceView[] };
  if (options.json) {
    printJson({ silences });
    return EXIT.done;
  }
  if (silences.length === 0) {
    note('Nothing is silenced.');
    return EXIT.done;
  }
  print(
    formatTable(silences, [
      { title: 'ID', text: (one) => one.id },
      { title: 'FROM', text: (one) => second(one.starts_at) },
      { title: 'TO', text: (one) => second(one.ends_at) },
      { title: 'BY', text: (one) => escapeControls(one.created_by) },
      { title: 'WHAT', text: whatOf },
      { title: 'WHY', text: (one) => escapeControls(one.reason) },
    ]),
  );
  return EXIT.done;
}

/** `nervesys alerts unsilence`. */
export async function unsilence(options: ReaderOptions, id: string): Promise<number> {
  const ended = (await connectOrchestrator(options).ask(
    'DELETE',
    `/api/v1/silences/${encodeURIComponent(id)}`,
  )) as SilenceView;
  if (options.json) printJson(ended);
  else print(`Silence ${ended.id} has ended.`);
  return EXIT.done;
}

function whatOf({ server, agent_id: agentId, kind, alert_id: alertId }: SilenceView): string {
  const parts = [
    alertId === null ? undefined : `alert ${alertId}`,
    kind === null ? undefined : kind,
    agentId === null ? undefined : `of ${agentId}`,
    server === null ? undefined : `on ${server}`,
  ].filter((part) => part !== undefined);
  return escapeControls(parts.length === 0 ? 'everything' : parts.join(' '));
}
