import { accessSync, constants, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { type HttpResponse, httpRequest } from '../platform/http-request.ts';
import { trustOnly } from '../platform/peer-certificate.ts';
import { AGENT_PORT } from './options.ts';
import { homeIsChosen, resolveHome } from './settings.ts';

/** How to reach a lean agent: by its Unix socket where there is one (the URL then gives only the path's base). */
export interface AgentAddress {
  readonly url: string;
  readonly socketPath?: string;
}

export interface ConnectionOptions {
  readonly home?: string;
  readonly port?: number;
  readonly url?: string;
}

/**
 * Where the lean agent of this machine is, as far as can be told without asking it: option, socket, note, default.
 * The default port is for the default home: whoever names a home means the agent of that home, also while it is away.
 */
export function locateAgent(options: { readonly home?: string; readonly agentPort?: number }): AgentAddress {
  if (options.agentPort !== undefined) return { url: `http://127.0.0.1:${options.agentPort}` };
  const folder = join(resolveHome(options.home), 'agent');
  const noted = readAddress(join(folder, 'address.json'));
  const url = noted?.url ?? `http://127.0.0.1:${AGENT_PORT}`;
  const socketPath = noted?.socket ?? join(folder, 'agent.sock');
  const elsewhere = noted === undefined && homeIsChosen(options.home);
  return isWritable(socketPath) || elsewhere ? { url, socketPath } : { url };
}

/** Another user's agent has a socket that is not for us, but its port is. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Asks the lean agent; rejects with `NSV_NOT_RUNNING` when nothing answers, and with its problem when it refuses. */
export async function askAgent(
  address: AgentAddress,
  method: string,
  path: string,
  timeoutMs = 10_000,
  body?: unknown,
): Promise<unknown> {
  let answer: HttpResponse;
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const { socketPath } = address;
  try {
    answer = await httpRequest({ method, url: new URL(path, address.url), socketPath, timeoutMs, ...sent });
  } catch (error) {
    throw new NervesysError('NSV_NOT_RUNNING', `no lean agent answers: ${describeError(error)}`, {
      hint: 'start it with `npm start`, or say where it is with --home or --agent-port',
      cause: error,
    });
  }
  return readAnswer(answer, `${method} ${path}`);
}

/** A running orchestrator, and the key of this machine to ask it with. */
export class OrchestratorConnection {
  readonly url: string;
  readonly #key: string | undefined;
  readonly #authority: string | undefined;

  constructor({ url, authority }: OrchestratorAddress, key: string | undefined) {
    this.url = url;
    this.#key = key;
    this.#authority = authority;
  }

  /** One call with a JSON answer; rejects with `NSV_NOT_RUNNING`, or with the code of the problem it answered. */
  async ask(method: string, path: string, body?: unknown, timeoutMs = 30_000): Promise<unknown> {
    const request = {
      method,
      url: new URL(path, this.url),
      headers: { ...this.#headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      timeoutMs,
      authority: this.#authority,
      responseBytesMax: 256 * 1024 * 1024, // a fleet of 100,000 AI agents
    };
    let answer: HttpResponse;
    try {
      answer = await httpRequest(body === undefined ? request : { ...request, body: JSON.stringify(body) });
    } catch (error) {
      throw this.#unreachable(error);
    }
    return readAnswer(answer, `${method} ${path.split('?')[0]}`);
  }

  /** The bytes of a file, with the name that the orchestrator gives it; rejects as `ask` does. */
  async file(path: string): Promise<{ readonly bytes: Uint8Array; readonly name: string | undefined }> {
    const url = new URL(path, this.url);
    const authority = this.#authority;
    let answer: HttpResponse;
    try {
      const limits = { timeoutMs: 120_000, responseBytesMax: 256 * 1024 * 1024 };
      answer = await httpRequest({ method: 'GET', url, headers: this.#headers(), authority, ...limits });
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (answer.status !== 200) readAnswer(answer, `GET ${url.pathname}`);
    const name = /filename="([\w-][\w.-]{0,200})"/.exec(answer.headers['content-disposition'] ?? '')?.[1];
    return { bytes: answer.body, name };
  }

  /** The lines of a streamed answer, as they come: of a GET, or of a POST with a JSON body. */
  async *lines(path: string, body?: unknown): AsyncGenerator<string> {
    const url = new URL(path, this.url);
    const method = body === undefined ? 'GET' : 'POST';
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const incoming = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const trust = secure && this.#authority !== undefined ? trustOnly(this.#authority) : {};
      (secure ? https : http)
        .request(url, { method, headers: { ...this.#headers(), ...type }, agent: false, ...trust }, resolve)
        .on('error', (error) => reject(this.#unreachable(error)))
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (incoming.statusCode !== 200) {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      readAnswer(
        { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) },
        `${method} ${url.pathname}`,
      );
      return;
    }
    try {
      for await (const line of createInterface({ input: incoming, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line !== '') yield line;
      }
      // readline ends its loop silently when its input breaks off: an answer cut short must not pass for a whole one.
      if (!incoming.complete) {
        throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', `${method} ${url.pathname}: the answer broke off`, {
          hint: 'repeat it; look at the log of the orchestrator if it happens again',
        });
      }
    } finally {
      incoming.destroy();
    }
  }

  #headers(): Record<string, string> {
    return this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` };
  }

  #unreachable(error: unknown): NervesysError {
    return new NervesysError('NSV_NOT_RUNNING', `no orchestrator answers: ${describeError(error)}`, {
      hint: 'start it with `npm start`, or say where it is with --home, --port or --url',
      cause: error,
    });
  }
}

/** An orchestrator's address, and by which certificate (PEM) it is known where the system's trust doesn't decide. */
export interface OrchestratorAddress {
  readonly url: string;
  readonly authority?: string;
}

/** Where the orchestrator is by the options, or by what the one of this home noted in `folder`; its certificate is known for its own port only. */
export function locateOrchestrator(
  folder: string,
  options: { readonly url?: string; readonly port?: number },
): OrchestratorAddress | undefined {
  const noted = readAddress(join(folder, 'address.json'));
  const { url, port } = options;
  const notedPort = noted === undefined ? undefined : portOf(noted.url);
  if (url === undefined && (port === undefined || port === notedPort))
    return noted ?? (port === undefined ? undefined : { url: `http://127.0.0.1:${port}` });
  if (url === undefined) return { url: `http://127.0.0.1:${port}` };
  const same = new URL(url).protocol === 'https:' && portOf(url) === notedPort;
  return same && noted?.authority !== undefined ? { url, authority: noted.authority } : { url };
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** Finds the orchestrator: `--url`, `--port`, or what the one that runs in this home noted. The key is this home's. */
export function connectOrchestrator(options: ConnectionOptions): OrchestratorConnection {
  const folder = join(resolveHome(options.home), 'orchestrator');
  const { url } = options;
  if (url !== undefined && (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))) {
    throw new NervesysError('NSV_SETTING_INVALID', `--url is not an http or https address: ${url}`, {
      hint: 'write it whole, as http://127.0.0.1:7700',
    });
  }
  const found = locateOrchestrator(folder, options);
  if (found === undefined) {
    throw new NervesysError('NSV_NOT_RUNNING', `no running Nervesys was found in ${resolveHome(options.home)}`, {
      hint: 'start it with `npm start`, or name its home with --home',
    });
  }
  return new OrchestratorConnection(found, readKey(join(folder, 'admin.key')));
}

/** `address.json` of a running part; `undefined` where there is none (it is removed at the end) or it can't be read. */
export function readAddress(
  path: string,
): { url: string; socket?: string; pid?: number; authority?: string } | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value?.url !== 'string' || !URL.canParse(value.url)) return undefined;
    return {
      url: value.url,
      ...(typeof value.socket === 'string' ? { socket: value.socket } : {}),
      ...(typeof value.pid === 'number' ? { pid: value.pid } : {}),
      ...(typeof value.authority === 'string' ? { authority: value.authority } : {}),
    };
  } catch {
    return undefined;
  }
}

function readKey(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined; // the answer will say that a key is needed
    throw new NervesysError('NSV_HOME_UNUSABLE', `cannot read ${path} (${errorCode(error)})`, {
      hint: 'run this as the user that Nervesys runs as',
      cause: error,
    });
  }
}

/** The JSON of a good answer; a problem document becomes the error it describes. */
export function readAnswer(answer: HttpResponse, what: string): unknown {
  const text = answer.body.toString('utf8');
  let value: unknown;
  try {
    value = text === '' ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (answer.status >= 200 && answer.status < 300) {
    if (value !== undefined || text === '') return value;
    throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', `${what}: the answer is not JSON`, {
      hint: 'does another program listen at this address?',
    });
  }
  const problem = (value ?? {}) as { code?: unknown; detail?: unknown; title?: unknown; hint?: unknown };
  const detail = [problem.detail, problem.title].find((one) => typeof one === 'string') ?? `status ${answer.status}`;
  throw new NervesysError(
    typeof problem.code === 'string' ? problem.code : 'NSV_ORCHESTRATOR_REFUSED',
    `${what}: ${detail}`,
    {
      hint:
        answer.status === 401
          ? UNAUTHORIZED_HINT
          : typeof problem.hint === 'string'
            ? problem.hint
            : 'is this Nervesys?',
      facts: { status: answer.status },
    },
  );
}

const UNAUTHORIZED_HINT =
  'the key of this machine is <home>/orchestrator/admin.key: name the home of that orchestrator with --home, and run as its user';
