import { chmod, lstat, unlink } from 'node:fs/promises';
import type http from 'node:http';
import net from 'node:net';
import { errorCode, NervesysError } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';

/** `sun_path` of a Unix socket address holds 108 bytes with its closing NUL (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * Listens on a TCP address; port 0 takes a free one. Resolves with the port.
 * @throws NervesysError `NSV_PORT_IN_USE`, `NSV_SETTING_INVALID`
 */
export async function listenTcp(server: http.Server, host: string, port: number): Promise<number> {
  try {
    await listen(server, { host, port });
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE')
      throw new NervesysError('NSV_PORT_IN_USE', `listen on ${host}:${port}: another program has this port`, {
        cause: error,
        hint: `Stop that program, or choose another port (--agent-port); \`ss -ltnp sport = :${port}\` shows who it is.`,
      });
    throw new NervesysError('NSV_SETTING_INVALID', `listen on ${host}:${port}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return (server.address() as net.AddressInfo).port;
}

/**
 * Listens on a Unix socket that only its owner (or `mode`) may use; a stale one, left by a killed agent, is replaced. `false` when it can't
 * be had for a reason that doesn't stop the agent (a path too long, no such file system): said as a warning, TCP remains.
 * @throws NervesysError `NSV_ALREADY_RUNNING` when somebody answers on it.
 */
export async function listenUnix(server: http.Server, path: string, mode: number, logger: Logger): Promise<boolean> {
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_BYTES_MAX) {
    logger.warn('the Unix socket is left out: its path is too long', { path, bytes, bytesMax: SOCKET_PATH_BYTES_MAX });
    return false;
  }
  try {
    await removeStale(path);
    await listen(server, { path });
    await chmod(path, mode);
    return true;
  } catch (error) {
    if (error instanceof NervesysError) throw error;
    logger.warn('the Unix socket is left out', { path, ...errorFields(error) });
    return false;
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is no socket`);
  if (await answers(path))
    throw new NervesysError('NSV_ALREADY_RUNNING', `an agent answers on ${path} already`, {
      hint: 'Use the running one, or choose another home with --home.',
    });
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function listen(server: http.Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
