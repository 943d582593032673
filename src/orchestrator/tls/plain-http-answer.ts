import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { PROBLEM_CONTENT_TYPE, problem } from '../../contract/problem.ts';

/** The first byte of every TLS handshake. */
const HANDSHAKE = 0x16;
/** A connection that says nothing is cut after this; from its first byte on the listener's `handshakeTimeout` counts. */
const SILENT_MS = 10_000;

/**
 * Whoever speaks plain HTTP to this TLS listener is told so in plain HTTP, instead of by a connection that breaks off. Nothing of what it
 * sent is read further than its first packet. Call it before `server` listens.
 */
export function answerPlainHttp(server: Server, silentMs = SILENT_MS): void {
  const handshake = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const cut = () => socket.destroy();
    socket.setTimeout(silentMs, cut);
    socket.on('error', cut);
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0);
      socket.removeListener('timeout', cut);
      socket.removeListener('error', cut);
      if (first[0] !== HANDSHAKE) return refuse(socket);
      socket.pause();
      socket.unshift(first);
      for (const listener of handshake) listener.call(server, socket);
    });
  });
}

function refuse(socket: Socket): void {
  const body = JSON.stringify(problem('NSV_TLS_EXPECTED', 'this port speaks HTTPS, and was spoken to in plain HTTP'));
  const head = [
    'HTTP/1.1 400 Bad Request',
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon(); // whoever goes on sending isn't listened to
}
