import type { TokenAnswer, TokenView } from '../contract/fleet.ts';
import { parseServerName } from '../contract/ids.ts';
import { isOwnMachineOnly, joinCommands } from '../contract/join-command.ts';
import { parseServerPattern } from '../contract/server-pattern.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, minute, note, painter, print, printJson } from './output.ts';
import { PROGRAM_NAME } from './program-name.ts';

export interface CreateOptions extends ReaderOptions {
  /** A name or a pattern. */
  readonly server?: string;
  readonly uses?: number;
  readonly reusable?: boolean;
  /** Ms. */
  readonly expires: number;
}

/** `nervesys token create`: the token, once, and the command to paste on the new server. */
export async function create(options: CreateOptions): Promise<number> {
  if (options.server !== undefined && parseServerPattern(options.server) === undefined) {
    throw new NervesysError('NSV_SETTING_INVALID', `--server is ${JSON.stringify(options.server.slice(0, 120))}`, {
      hint: "use letters, digits, dots, hyphens or underscores, as AIGARDEN02; * and ? stand for any characters and for one, as 'AIGARDEN*'",
    });
  }
  if (options.reusable && options.uses !== undefined)
    throw new NervesysError('NSV_SETTING_INVALID', '--reusable and --uses are both given', {
      hint: '--reusable has no limit of uses; leave one of them out',
    });
  const uses = options.reusable ? null : (options.uses ?? 1);
  const created = (await connectOrchestrator(options).ask('POST', '/api/v1/tokens', {
    ...(options.server === undefined ? {} : { server: options.server }),
    uses,
    expires_in_seconds: Math.round(options.expires / 1000),
  })) as TokenAnswer;
  const { install, agent } = joinCommands(created, options.server ?? null, `${PROGRAM_NAME} agent`);
  if (options.json) {
    printJson({ ...created, command: install ?? agent, agent_command: agent });
    return EXIT.done;
  }
  print(created.token);
  note('');
  note(
    `Token ${created.id}: ${uses === 1 ? 'one server' : uses === null ? 'any number of servers' : `${uses} servers`} may join with it until ${minute(created.expires_at)} UTC.`,
  );
  note('It is shown only now.');
  if (install !== undefined) {
    note(
      'On a bare Linux host with curl or wget, as root for a system service; it checks what it fetches before it runs it:',
    );
    note('');
    note(`  ${install}`);
    note('');
  }
  note(install === undefined ? 'On the new server:' : 'On a host that has Nervesys:');
  note('');
  note(`  ${agent}`);
  if (options.server === undefined || parseServerName(options.server) === undefined) {
    note('');
    const which = options.server === undefined ? '' : `, which must match ${options.server}`;
    note(`A server joins under the name of its host${which}; for another begin the line with NERVESYS_SERVER=<name>.`);
  }
  if (isOwnMachineOnly(created)) {
    note('');
    note('The token carries an address of this machine alone, so only an agent on this machine can use it.');
    note('For other machines set `listen` and `public_url` in config/orchestrator.yaml.');
  }
  return EXIT.done;
}

/** `nervesys token list`. */
export async function list(options: ReaderOptions): Promise<number> {
  const answer = await connectOrchestrator(options).ask('GET', '/api/v1/tokens');
  const { tokens } = answer as { readonly tokens: readonly TokenView[] };
  if (options.json) {
    printJson({ tokens });
    return EXIT.done;
  }
  if (tokens.length === 0) {
    note('There is no token. `nervesys token create` makes one.');
    return EXIT.done;
  }
  const paint = painter(process.stdout);
  const colours: Readonly<Record<TokenView['state'], Colour>> = {
    open: 'green',
    used: 'dim',
    expired: 'dim',
    revoked: 'dim',
  };
  print(
    formatTable(tokens, [
      { title: 'ID', text: (one) => escapeControls(one.id) },
      { title: 'STATE', text: (one) => paint(colours[one.state] ?? 'dim', escapeControls(one.state)) },
      { title: 'SERVER', text: (one) => escapeControls(one.server ?? 'any') },
      {
        title: 'USED',
        align: 'right',
        text: (one) => (one.uses_max === null ? `${one.uses}, reusable` : `${one.uses} of ${one.uses_max}`),
      },
      { title: 'EXPIRES', text: (one) => minute(one.expires_at) },
    ]),
  );
  return EXIT.done;
}

export interface RevokeOptions extends ReaderOptions {
  readonly server?: string;
}

/** `nervesys token revoke <id>`, or `--server <name>`: the key that a server got for its token. */
export async function revoke(options: RevokeOptions, id: string | undefined): Promise<number> {
  const { server } = options;
  if ((id === undefined) === (server === undefined))
    throw new NervesysError('NSV_SETTING_INVALID', 'token revoke takes the id of a token, or --server with a name', {
      hint: '`nervesys token list` shows tokens, `nervesys fleet` servers',
    });
  if (server !== undefined) {
    await connectOrchestrator(options).ask('POST', `/api/v1/servers/${encodeURIComponent(server)}/revoke`);
    if (options.json) printJson({ server, revoked: true });
    else {
      note(
        `The key of ${escapeControls(server)} is revoked. Its agent keeps what it has, and takes in more, but can bring it nowhere.`,
      );
      note('To let the server in again, give its agent a new token.');
    }
    return EXIT.done;
  }
  if (id === undefined) throw new Error('neither id nor server'); // refused above
  await connectOrchestrator(options).ask('DELETE', `/api/v1/tokens/${encodeURIComponent(id)}`);
  if (options.json) printJson({ id, revoked: true });
  else note(`Token ${escapeControls(id)} is revoked. Servers that joined with it stay.`);
  return EXIT.done;
}

/** `nervesys token rotate --server <name>`: its agent gets a new key with its next heartbeat. */
export async function rotate(options: ReaderOptions & { readonly server: string }): Promise<number> {
  const { server } = options;
  await connectOrchestrator(options).ask('POST', `/api/v1/servers/${encodeURIComponent(server)}/rotate-key`);
  if (options.json) printJson({ server, asked: true });
  else
    note(
      `${escapeControls(server)} is asked for it: its agent exchanges its key with the next heartbeat, within a minute.`,
    );
  return EXIT.done;
}
