import type { FastifyReply, FastifyRequest } from 'fastify';
import { SESSION_COOKIE } from './authenticator.ts';

/** A browser stays signed in for this long. */
export const SESSION_MS = 30 * 24 * 3_600_000;

/** Whether people come by https: our own address says so, or a trusted proxy does for this request. */
export function isSecure(request: FastifyRequest, publicUrl: string): boolean {
  return publicUrl.startsWith('https:') || request.forwardedHttps;
}

/** Hands the browser its session. */
export function setSessionCookie(reply: FastifyReply, session: string, secure: boolean): void {
  reply.header('set-cookie', `${SESSION_COOKIE}=${session}; Max-Age=${SESSION_MS / 1_000}; ${attributes(secure)}`);
}

export function clearSessionCookie(reply: FastifyReply, secure: boolean): void {
  reply.header('set-cookie', `${SESSION_COOKIE}=; Max-Age=0; ${attributes(secure)}`);
}

/** No script reads it, no other site sends it along, and nobody on the way sees it where there is TLS. */
function attributes(secure: boolean): string {
  return `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
