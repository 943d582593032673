import { Type } from '@sinclair/typebox';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { addPerson, changePerson, listPeople, type PersonView, removePerson } from '../database/queries/people.ts';
import { endSessions } from '../database/queries/sessions.ts';
import type { App, ServerDeps } from './app.ts';
import { requireAdmin } from './principal.ts';
import { PeopleAnswerSchema, PersonAddedSchema } from './schemas/people.ts';
import { NO_CONTENT, PersonNameSchema, RoleSchema } from './schemas.ts';

const Params = Type.Object({ name: PersonNameSchema });
const Password = Type.String({ minLength: 1, maxLength: 1_000, description: 'at least 12 characters' });

/** Who may sign in, as what: for admins. */
export function peopleRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, authenticator, passwords } = deps;

  app.get(
    '/api/v1/people',
    {
      onRequest: requireAdmin,
      schema: { tags: ['people'], summary: 'Everybody who may sign in', response: { 200: PeopleAnswerSchema } },
    },
    async (): Promise<{ people: PersonView[] }> => ({ people: await listPeople(database, new Date(clock.now())) }),
  );

  app.post(
    '/api/v1/people',
    {
      onRequest: requireAdmin,
      bodyLimit: 4 * 1024,
      schema: {
        tags: ['people'],
        summary: 'Let somebody sign in',
        body: Type.Object({ name: PersonNameSchema, role: RoleSchema, password: Password }),
        response: { 201: PersonAddedSchema },
      },
    },
    async (request, reply) => {
      const { name, role, password } = request.body;
      const stored = await passwords.store(password, name);
      const at = new Date(clock.now());
      await database.transaction(async (transaction) => {
        if (!(await addPerson(transaction, { name, role, password: stored, createdAt: at })))
          throw new NervesysError('NSV_NAME_TAKEN', `there is a person ${name} already`);
        const by = actorOf(request);
        await appendAudit(transaction, { at, by, action: 'person.added', subject: name, detail: { role } });
      });
      return reply.code(201).send({ name, role });
    },
  );

  app.patch(
    '/api/v1/people/:name',
    {
      onRequest: requireAdmin,
      bodyLimit: 4 * 1024,
      schema: {
        tags: ['people'],
        summary: 'Change a role or a password; a new password ends the sessions',
        params: Params,
        body: Type.Object({ role: Type.Optional(RoleSchema), password: Type.Optional(Password) }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { role, password } = request.body;
      const stored = password === undefined ? undefined : await passwords.store(password, name);
      const at = new Date(clock.now());
      await database.transaction(async (transaction) => {
        if (!(await changePerson(transaction, name, { role, password: stored }))) throw nobody(name);
        const by = actorOf(request);
        if (role !== undefined)
          await appendAudit(transaction, { at, by, action: 'person.role', subject: name, detail: { role } });
        if (stored !== undefined) await appendAudit(transaction, { at, by, action: 'person.password', subject: name });
      });
      await authenticator.forget();
      return reply.code(204).send();
    },
  );

  app.delete(
    '/api/v1/people/:name',
    {
      onRequest: requireAdmin,
      schema: { tags: ['people'], summary: 'Let somebody in no more', params: Params, response: { 204: NO_CONTENT } },
    },
    async (request, reply) => {
      const { name } = request.params;
      const at = new Date(clock.now());
      await database.transaction(async (transaction) => {
        if (!(await removePerson(transaction, name))) throw nobody(name);
        await appendAudit(transaction, { at, by: actorOf(request), action: 'person.removed', subject: name });
      });
      await authenticator.forget();
      return reply.code(204).send();
    },
  );

  app.delete(
    '/api/v1/people/:name/sessions',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['people'],
        summary: 'Sign somebody out everywhere',
        params: Params,
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const at = new Date(clock.now());
      await database.transaction(async (transaction) => {
        const sessions = await endSessions(transaction, name);
        const entry = {
          at,
          by: actorOf(request),
          action: 'sessions.ended' as const,
          subject: name,
          detail: { sessions },
        };
        await appendAudit(transaction, entry);
      });
      await authenticator.forget();
      return reply.code(204).send();
    },
  );
}

function nobody(name: string): NervesysError {
  return new NervesysError('NSV_NOT_FOUND', `there is no person ${name}`);
}
