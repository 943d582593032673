import type { UpgradeState, UpgradesAnswer } from '../contract/agent-upgrade.ts';
import { parseServerPattern } from '../contract/server-pattern.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, minute, note, painter, print, printJson } from './output.ts';

export interface FleetUpgradeOptions extends ReaderOptions {
  readonly cancel?: boolean;
}

const COLOUR: Readonly<Record<UpgradeState, Colour>> = {
  asked: 'dim',
  offered: 'blue',
  done: 'green',
  failed: 'red',
  refused: 'yellow',
};

/** `nervesys fleet upgrade [server]`: asks for upgrades, takes them back, or shows how far they are. */
export async function run(options: FleetUpgradeOptions, server?: string): Promise<number> {
  if (options.cancel && server !== undefined)
    throw new NervesysError('NSV_SETTING_INVALID', '--cancel takes no server: it takes back all that has not begun');
  if (server !== undefined && parseServerPattern(server) === undefined)
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `${JSON.stringify(server.slice(0, 120))} is no server and no pattern of one`,
      {
        hint: "use a name as `nervesys fleet` shows it, or a pattern: 'AIGARDEN*', '*'",
      },
    );
  const orchestrator = connectOrchestrator(options);
  if (options.cancel) {
    const { cancelled } = (await orchestrator.ask('DELETE', '/api/v1/upgrades')) as {
      readonly cancelled: readonly string[];
    };
    if (options.json) printJson({ cancelled });
    else note(cancelled.length === 0 ? 'Nothing was left to take back.' : `Taken back for ${servers(cancelled)}.`);
    return EXIT.done;
  }
  if (server !== undefined) {
    const { asked } = (await orchestrator.ask('POST', '/api/v1/upgrades', { server })) as {
      readonly asked: readonly string[];
    };
    if (options.json) printJson({ asked });
    else {
      note(`Asked ${servers(asked)}: each begins with its next heartbeat, ten at a time.`);
      note('How far they are: nervesys fleet upgrade');
    }
    return EXIT.done;
  }
  const answer = (await orchestrator.ask('GET', '/api/v1/upgrades')) as UpgradesAnswer;
  if (options.json) {
    printJson(answer);
    return EXIT.done;
  }
  show(answer);
  return EXIT.done;
}

function show({ bundle, halted, upgrades }: UpgradesAnswer): void {
  note(
    `Handed out: version ${escapeControls(bundle.version)}, SHA-256 ${escapeControls(bundle.bundle_sha256.slice(0, 12))}…`,
  );
  if (upgrades.length === 0) {
    note("No server was asked for an upgrade yet: nervesys fleet upgrade 'AIGARDEN*'");
    return;
  }
  const paint = painter(process.stdout);
  print(
    formatTable(upgrades, [
      { title: 'SERVER', text: (one) => paint('bold', escapeControls(one.server)) },
      { title: 'STATE', text: (one) => paint(COLOUR[one.state] ?? 'dim', escapeControls(one.state)) },
      { title: 'VERSION', text: (one) => escapeControls(one.version) },
      { title: 'SHA-256', text: (one) => escapeControls(one.bundle_sha256.slice(0, 12)) },
      { title: 'ASKED', text: (one) => minute(one.asked_at) },
      { title: 'WHY', text: (one) => escapeControls(one.reason ?? '') },
    ]),
  );
  if (halted)
    note(
      'Three servers or more went back to what they ran before, so no other is told of this agent. Ask for them again to go on.',
    );
}

function servers(names: readonly string[]): string {
  return names.length === 1 ? escapeControls(names[0]!) : `${names.length} servers`;
}
