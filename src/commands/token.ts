import { parseToken } from '../contract/enrolment.ts';
import { parseServerName } from '../contract/ids.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson } from './output.ts';

export interface CreateOptions extends ReaderOptions {
  readonly server?: string;
  readonly uses: number;
  /** Ms. */
  readonly expires: number;
}

interface TokenView {
  readonly id: string;
  readonly server: string | null;
  readonly uses: number;
  readonly uses_max: number;
  readonly expires_at: string;
  readonly state: 'open' | 'used' | 'expired' | 'revoked';
}

/** `nervesys token create`: the token, once, and the command to paste on the new server. */
export async function create(options: CreateOptions): Promise<number> {
  if (options.server !== undefined && parseServerName(options.server) === undefined) {
    throw new NervesysError('NSV_SETTING_INVALID', `--server is ${JSON.stringify(options.server.slice(0, 120))}`, {
      hint: 'use letters, digits, dots, hyphens or underscores, as AIGARDEN02',
    });
  }
  const answer = await connectOrchestrator(options).ask('POST', '/api/v1/tokens', {
    ...(options.server === undefined ? {} : { server: options.server }),
    uses: options.uses,
    expires_in_seconds: Math.round(options.expires / 1000),
  });
  const created = answer as { readonly id: string; readonly token: string; readonly expires_at: string };
  const command = joinCommand(created.token, options.server);
  if (options.json) {
    printJson({ ...created, command });
    return EXIT.done;
  }
  print(created.token);
  note('');
  note(
    `Token ${created.id}: ${options.uses === 1 ? 'one server' : `${options.uses} servers`} may join with it until ${minute(created.expires_at)} UTC.`,
  );
  note(`It is shown only now. On the new server${options.server === undefined ? ', with a name of its own' : ''}:`);
  note('');
  note(`  ${command}`);
  if (isLoopback(parseToken(created.token)?.url)) {
    note('');
    note('It carries an address of this machine alone, so only an agent on this machine can use it.');
    note('For other machines set `public_url` in config/orchestrator.yaml.');
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
      { title: 'USED', align: 'right', text: (one) => `${one.uses} of ${one.uses_max}` },
      { title: 'EXPIRES', text: (one) => minute(one.expires_at) },
    ]),
  );
  return EXIT.done;
}

/** `nervesys token revoke <id>`. */
export async function revoke(options: ReaderOptions, id: string): Promise<number> {
  await connectOrchestrator(options).ask('DELETE', `/api/v1/tokens/${encodeURIComponent(id)}`);
  if (options.json) printJson({ id, revoked: true });
  else note(`Token ${escapeControls(id)} is revoked. Servers that joined with it stay.`);
  return EXIT.done;
}

/** What to paste on the new server; run from a checkout, the program is npm's script. */
function joinCommand(token: string, server: string | undefined): string {
  const program = import.meta.filename.endsWith('.ts') ? 'npm run nervesys -- agent' : 'nervesys agent';
  return `NERVESYS_TOKEN=${token} NERVESYS_SERVER=${server ?? 'AIGARDEN02'} ${program}`;
}

function isLoopback(url: string | undefined): boolean {
  return url !== undefined && /^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname);
}

function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}
