import type { FastifyRequest } from 'fastify';
import type { ServerName } from '../../contract/ids.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { AgentKeyState } from '../database/queries/find-principal.ts';

/** Who asks. An agent is bound to one server; an API key is the CLI's; a person comes with a browser session. */
export type Principal =
  | { readonly type: 'agent'; readonly server: ServerName }
  | { readonly type: 'api_key'; readonly name: string; readonly role: Role }
  | { readonly type: 'person'; readonly name: string; readonly role: Role };

/** A viewer reads; an operator acknowledges alerts and lets servers in besides; an admin may do everything. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route that isn't open; null on open routes when nobody is known. */
    principal: Principal | null;
    /** The key that an agent showed; null for everybody else. */
    agentKey: AgentKeyState | null;
  }
}

// The `require…` functions are hooks (`onRequest: requireAgent`, so that a body is read only from who may send it; they work
// as `preHandler` too), and return the principal for handlers that need it.

/** Only an agent's own key. */
export async function requireAgent(request: FastifyRequest): Promise<void> {
  agentOf(request);
}

/** People and the CLI; not agents. */
export async function requirePerson(request: FastifyRequest): Promise<void> {
  personOf(request);
}

/** People in their browsers; a key has no sessions. */
export async function requireSession(request: FastifyRequest): Promise<void> {
  if (personOf(request).type !== 'person') throw new NervesysError('NSV_FORBIDDEN', 'a key has no sessions');
}

/** People and keys that run the fleet: alerts and tokens. */
export async function requireOperator(request: FastifyRequest): Promise<void> {
  requireRole(request, 'operator');
}

/** People and keys that may change everything. */
export async function requireAdmin(request: FastifyRequest): Promise<void> {
  requireRole(request, 'admin');
}

function requireRole(request: FastifyRequest, least: Role): void {
  const { role } = personOf(request);
  if (ROLES.indexOf(role) < ROLES.indexOf(least))
    throw new NervesysError('NSV_FORBIDDEN', `this call needs the role ${least}, this is ${role}`);
}

/** Anybody known. */
export async function requireAny(request: FastifyRequest): Promise<void> {
  principalOf(request);
}

/** Who asks; throws `NSV_UNAUTHORIZED` when nobody is known. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal !== null) return request.principal;
  throw new NervesysError('NSV_UNAUTHORIZED', 'this call needs a key or a session');
}

/** The asking agent; throws `NSV_UNAUTHORIZED` or `NSV_FORBIDDEN`. */
export function agentOf(request: FastifyRequest): Extract<Principal, { type: 'agent' }> {
  const principal = principalOf(request);
  if (principal.type === 'agent') return principal;
  throw new NervesysError('NSV_FORBIDDEN', "this call is for agents, with the server's own key");
}

/** The asking person or API key; throws `NSV_UNAUTHORIZED` or `NSV_FORBIDDEN`. */
export function personOf(request: FastifyRequest): Exclude<Principal, { type: 'agent' }> {
  const principal = principalOf(request);
  if (principal.type !== 'agent') return principal;
  throw new NervesysError('NSV_FORBIDDEN', 'this call is for people and API keys, not for agents');
}
