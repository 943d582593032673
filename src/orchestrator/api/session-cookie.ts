import type { FastifyReply } from 'fastify';
import { SESSION_COOKIE } from './authenticator.ts';

/** A browser stays signed in for this long. */
export const SESSION_MS = 30 * 24 * 3_600_000;

/** Hands the browser its session; `publicUrl` tells whether people come by https. */
export function setSessionCookie(reply: FastifyReply, session: string, publicUrl: string): void {
  reply.header('set-cookie', `${SESSION_COOKIE}=${session}; Max-Age=${SESSION_MS / 1_000}; ${attributes(publicUrl)}`);
}

export function clearSessionCookie(reply: FastifyReply, publicUrl: string): void {
  reply.header('set-cookie', `${SESSION_COOKIE}=; Max-Age=0; ${attributes(publicUrl)}`);
}

/** No script reads it, no other site sends it along, and nobody on the way sees it where there is TLS. */
function attributes(publicUrl: string): string {
  return `Path=/; HttpOnly; SameSite=Strict${publicUrl.startsWith('https:') ? '; Secure' : ''}`;
}
