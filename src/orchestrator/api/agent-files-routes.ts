import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AgentManifest } from '../../contract/agent-files.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { AgentFileName } from '../agent-files.ts';
import { checkToken } from '../database/queries/check-token.ts';
import type { App, ServerDeps } from './app.ts';
import { TOKEN_OR_KEY } from './describe-api.ts';
import { AgentManifestSchema } from './schemas/agents.ts';
import { textAnswer } from './schemas.ts';
import { hashSecret, looksLikeSecret } from './secrets.ts';

/** Node is 120 MB: a fleet that is installed at once must not fill every socket and the disk's queue. */
const DOWNLOADS_MAX = 16;
const RETRY_AFTER_SECONDS = 10;
/** As long as the bootstrap script waits; whoever reads slower than Node in this time keeps others from their place. */
const DOWNLOAD_MS_MAX = 900_000;

/** What a new server installs: the bootstrap script for everybody, the rest for whoever has a token that is good, or a server's own key. */
export function agentFilesRoutes(app: App, deps: ServerDeps): void {
  const { agentFiles, authenticator, clock, database } = deps;
  if (agentFiles === undefined) return;
  let downloads = 0;

  /** The routes are open to the authenticator, which knows no tokens; this hook is what closes them. */
  const requireTokenOrKey = async (request: FastifyRequest): Promise<void> => {
    const secret = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!looksLikeSecret(secret))
      throw new NervesysError('NSV_UNAUTHORIZED', "this call needs a token's secret or a server's key");
    try {
      request.principal = await authenticator.authenticate(request);
    } catch (error) {
      if (errorCode(error) !== 'NSV_UNAUTHORIZED') throw error;
      await checkToken(database, hashSecret(secret), new Date(clock.now()));
    }
  };

  const send = async (reply: FastifyReply, name: AgentFileName, type: string) => {
    if (downloads >= DOWNLOADS_MAX) {
      reply.header('retry-after', String(RETRY_AFTER_SECONDS));
      throw new NervesysError('NSV_TOO_BUSY', 'too many servers are being installed at once', { retryable: true });
    }
    downloads++; // before anything is waited for: many ask at the same instant
    const { file, bytes } = await agentFiles.open(name).catch((error: unknown) => {
      downloads--;
      throw error;
    });
    const stream = file.createReadStream({ start: 0 });
    const ended = new AbortController();
    stream.once('close', () => {
      downloads--;
      ended.abort();
    });
    clock.sleep(DOWNLOAD_MS_MAX, ended.signal).then(
      () => stream.destroy(new Error('the download took too long')),
      () => undefined, // it has ended
    );
    return reply.type(type).header('content-length', String(bytes)).send(stream);
  };

  app.get(
    '/api/v1/agent/manifest',
    {
      config: { open: true },
      onRequest: requireTokenOrKey,
      schema: {
        tags: ['agents'],
        summary: "What a new server installs, with each file's SHA-256",
        security: TOKEN_OR_KEY,
        response: { 200: AgentManifestSchema },
      },
    },
    (): Promise<AgentManifest> => agentFiles.manifest(),
  );
  for (const [name, summary] of [
    ['bundle', 'The one-file agent'],
    ['node', 'The Node program that this orchestrator runs on'],
    ['unit', 'The systemd unit of the agent'],
  ] as const) {
    app.get(
      `/api/v1/agent/${name}`,
      {
        config: { open: true },
        onRequest: requireTokenOrKey,
        schema: {
          tags: ['agents'],
          summary,
          security: TOKEN_OR_KEY,
          response: { 200: textAnswer('application/octet-stream', 'The file') },
        },
      },
      (_request, reply) => send(reply, name, 'application/octet-stream'),
    );
  }
  app.get(
    '/api/v1/agent/bootstrap.sh',
    {
      config: { open: true }, // it is public text, and holds no secret
      schema: {
        tags: ['agents'],
        summary: 'The script that installs an agent',
        security: [],
        response: { 200: textAnswer('text/x-shellscript', 'The script') },
      },
    },
    (_request, reply) => send(reply, 'bootstrap', 'text/x-shellscript; charset=utf-8'),
  );
}
