import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, print, printJson } from './output.ts';
import { readNewPassword } from './secret-input.ts';

export interface PasswordOptions extends ReaderOptions {
  readonly passwordFile?: string;
}

interface PersonView {
  readonly name: string;
  readonly role: string;
  readonly has_password: boolean;
  readonly sessions: number;
}

/** `nervesys people list`. */
export async function list(options: ReaderOptions): Promise<number> {
  const answer = await connectOrchestrator(options).ask('GET', '/api/v1/people');
  const { people } = answer as { readonly people: readonly PersonView[] };
  if (options.json) printJson({ people });
  else if (people.length === 0) note('Nobody signs in by name yet. `nervesys people add NAME` lets somebody.');
  else
    print(
      formatTable(people, [
        { title: 'NAME', text: (one) => escapeControls(one.name) },
        { title: 'ROLE', text: (one) => escapeControls(one.role) },
        { title: 'SIGNS IN BY', text: (one) => (one.has_password ? 'password' : 'link') },
        { title: 'SIGNED IN', align: 'right', text: (one) => String(one.sessions) },
      ]),
    );
  return EXIT.done;
}

/** `nervesys people add NAME`. */
export async function add(options: PasswordOptions & { readonly role: string }, name: string): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  const password = await readNewPassword(options.passwordFile);
  await orchestrator.ask('POST', '/api/v1/people', { name, role: options.role, password });
  if (options.json) printJson({ name, role: options.role });
  else note(`${escapeControls(name)} may sign in, as ${options.role}.`);
  return EXIT.done;
}

/** `nervesys people password NAME`. */
export async function password(options: PasswordOptions, name: string): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  await orchestrator.ask('PATCH', path(name), { password: await readNewPassword(options.passwordFile) });
  if (options.json) printJson({ name, changed: true });
  else note(`${escapeControls(name)} has a new password, and is signed out everywhere.`);
  return EXIT.done;
}

/** `nervesys people role NAME ROLE`. */
export async function role(options: ReaderOptions, name: string, newRole: string): Promise<number> {
  await connectOrchestrator(options).ask('PATCH', path(name), { role: newRole });
  if (options.json) printJson({ name, role: newRole });
  else note(`${escapeControls(name)} is ${escapeControls(newRole)} now.`);
  return EXIT.done;
}

/** `nervesys people remove NAME`. */
export async function remove(options: ReaderOptions, name: string): Promise<number> {
  await connectOrchestrator(options).ask('DELETE', path(name));
  if (options.json) printJson({ name, removed: true });
  else note(`${escapeControls(name)} may not sign in any more, and is signed out everywhere.`);
  return EXIT.done;
}

/** `nervesys people sign-out NAME`. */
export async function signOut(options: ReaderOptions, name: string): Promise<number> {
  await connectOrchestrator(options).ask('DELETE', `${path(name)}/sessions`);
  if (options.json) printJson({ name, signed_out: true });
  else note(`${escapeControls(name)} is signed out everywhere.`);
  return EXIT.done;
}

function path(name: string): string {
  return `/api/v1/people/${encodeURIComponent(name)}`;
}
