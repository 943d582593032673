import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.ts';

/** Finds out who asks. */
export interface Authenticator {
  /** The principal behind the request's key or cookie; null when it shows none. Throws when it shows a wrong one. */
  authenticate(request: FastifyRequest): Promise<Principal | null>;
  /** Forgets what was remembered of keys and sessions, here and in other replicas: after a revocation. */
  forget(): Promise<void>;
}
