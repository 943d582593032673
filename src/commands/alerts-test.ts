import type { ChannelsAnswer, ChannelTested } from '../contract/channels.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, painter, print, printJson } from './output.ts';

export interface AlertsTestOptions extends ReaderOptions {
  readonly channel?: string;
}

/** `nervesys alerts test`: sends a test by one channel, or lists them. */
export async function run(options: AlertsTestOptions): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  if (options.channel === undefined) {
    const answer = (await orchestrator.ask('GET', '/api/v1/channels')) as ChannelsAnswer;
    if (options.json) printJson(answer);
    else show(answer);
    return EXIT.done;
  }
  const path = `/api/v1/channels/${encodeURIComponent(options.channel)}/test`;
  const tested = (await orchestrator.ask('POST', path)) as ChannelTested;
  if (options.json) printJson(tested);
  else {
    const id = tested.provider_id === null ? '' : `, as ${escapeControls(tested.provider_id)}`;
    print(`${escapeControls(tested.type)} took the test${id}, within ${tested.took_ms} ms.`);
  }
  return EXIT.done;
}

function show({ channels }: ChannelsAnswer): void {
  if (channels.length === 0) {
    note('No channel is set up: add one to `channels` in orchestrator.yaml.');
    return;
  }
  const paint = painter(process.stdout);
  print(
    formatTable(channels, [
      { title: 'CHANNEL', text: (one) => paint('bold', escapeControls(one.name)) },
      { title: 'TYPE', text: (one) => escapeControls(one.type) },
      { title: 'STATE', text: (one) => paint(one.state === 'ready' ? 'green' : 'yellow', escapeControls(one.state)) },
      { title: 'FROM', text: (one) => escapeControls(one.severity) },
      { title: 'LEADS TO', text: (one) => escapeControls(one.target ?? '—') },
      { title: 'WHY', text: (one) => escapeControls([one.problem, one.hint].filter(Boolean).join('; ')) },
    ]),
  );
  note('Try one: nervesys alerts test --channel NAME');
}
