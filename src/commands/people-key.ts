import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, minute, note, print, printJson } from './output.ts';

interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly created_by: string | null;
  readonly expires_at: string | null;
}

/** `nervesys people key create NAME`: the key alone on standard output, once. */
export async function create(
  options: ReaderOptions & { readonly role: string; readonly expires?: number },
  name: string,
): Promise<number> {
  const answer = await connectOrchestrator(options).ask('POST', '/api/v1/keys', {
    name,
    role: options.role,
    ...(options.expires === undefined ? {} : { expires_in_seconds: Math.max(1, Math.round(options.expires / 1_000)) }),
  });
  const created = answer as { readonly id: string; readonly key: string; readonly expires_at: string | null };
  if (options.json) {
    printJson(created);
    return EXIT.done;
  }
  print(created.key);
  note(`Key ${created.id} for ${escapeControls(name)}, as ${options.role}, ${until(created.expires_at)}.`);
  note('It is shown only now. Programs send it as `Authorization: Bearer <key>`.');
  return EXIT.done;
}

/** `nervesys people key list`. */
export async function list(options: ReaderOptions): Promise<number> {
  const answer = await connectOrchestrator(options).ask('GET', '/api/v1/keys');
  const { keys } = answer as { readonly keys: readonly ApiKeyView[] };
  if (options.json) printJson({ keys });
  else
    print(
      formatTable(keys, [
        { title: 'ID', text: (one) => escapeControls(one.id) },
        { title: 'NAME', text: (one) => escapeControls(one.name) },
        { title: 'ROLE', text: (one) => escapeControls(one.role) },
        { title: 'STATE', text: (one) => escapeControls(one.state) },
        { title: 'MADE BY', text: (one) => escapeControls(one.created_by ?? 'this machine') },
        { title: 'EXPIRES', text: (one) => (one.expires_at === null ? 'never' : minute(one.expires_at)) },
      ]),
    );
  return EXIT.done;
}

/** `nervesys people key revoke ID`. */
export async function revoke(options: ReaderOptions, id: string): Promise<number> {
  await connectOrchestrator(options).ask('DELETE', `/api/v1/keys/${encodeURIComponent(id)}`);
  if (options.json) printJson({ id, revoked: true });
  else note(`Key ${escapeControls(id)} is revoked.`);
  return EXIT.done;
}

function until(expiresAt: string | null): string {
  return expiresAt === null ? 'until it is revoked' : `until ${minute(expiresAt)} UTC`;
}
