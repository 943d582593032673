import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type AskRequest,
  type LoadRequest,
  modelsFolder,
  SERVE_LINE_BYTES_MAX,
  type ServeReply,
  type ServeRequest,
} from '../agent/edge-ai/model/index.ts';
import { systemClock } from '../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { EXIT } from './exit-codes.ts';
import { readLines } from './read-lines.ts';
import { packageRoot, resolveHome } from './settings.ts';

/** Prompt and answer fit, and every model has so many; more would only take memory. */
const CONTEXT_TOKENS = 2_048;
const ANSWER_TOKENS_MAX = 512;
const MEMORY_TELL_MS = 1_000;
const PARENT_LOOK_MS = 5_000;
const PRIORITY_LOWEST = 19;

/** What is used of node-llama-cpp 3 (https://node-llama-cpp.withcat.ai/api/): it is not among our dependencies, so nor are its types. */
interface Library {
  getLlama(options: {
    readonly gpu: false;
    readonly build: 'never';
    readonly skipDownload: true;
    readonly maxThreads: number;
    readonly logLevel: 'error';
    readonly logger: (level: string, message: string) => void;
  }): Promise<{
    loadModel(options: { modelPath: string; gpuLayers: 0; useMmap: false }): Promise<{
      createContext(options: {
        contextSize: { max: number };
        sequences: 1;
        threads: number;
      }): Promise<{ getSequence(): unknown }>;
    }>;
    createGrammar(options: { grammar: string }): Promise<unknown>;
  }>;
  readonly LlamaChatSession: new (options: {
    contextSequence: unknown;
  }) => {
    setChatHistory(history: readonly { readonly type: 'system'; readonly text: string }[]): void;
    prompt(text: string, options: { grammar: unknown; temperature: 0; maxTokens: number }): Promise<string>;
  };
}

/**
 * `nervesys model serve`, which the agent starts by itself: loads the model that it is told on standard input, and answers on standard output
 * what it is asked, until standard input ends.
 */
export async function run(options: { readonly home?: string; readonly parent?: number }): Promise<number> {
  makeHumble();
  // Within an answer nobody reads standard input, so the end of an agent that was killed shows by another parent first.
  return Promise.race([serve(options), orphaned(options.parent ?? process.ppid)]);
}

async function serve(options: { readonly home?: string }): Promise<number> {
  const out = { write: (reply: ServeReply) => process.stdout.write(`${JSON.stringify(reply)}\n`) };
  if (!existsSync('/proc/self/status')) void tellMemory(out);
  let answer: ((request: AskRequest) => Promise<string>) | undefined;
  try {
    for await (const line of readLines(process.stdin as AsyncIterable<Buffer>, SERVE_LINE_BYTES_MAX)) {
      const request = JSON.parse(line) as ServeRequest;
      if (request.type === 'load') {
        answer = await load(request, resolveHome(options.home));
        out.write({ type: 'ready' });
      } else if (answer !== undefined) out.write({ type: 'answer', id: request.id, text: await answer(request) });
    }
    return EXIT.done;
  } catch (error) {
    const code = error instanceof NervesysError ? error.code : 'NSV_MODEL_FAILED';
    const hint = error instanceof NervesysError ? error.hint : undefined;
    out.write({ type: 'failed', code, message: describeError(error), ...(hint === undefined ? {} : { hint }) });
    return EXIT.failed;
  }
}

/** Whatever else runs here goes first, and when memory runs out this goes first. */
function makeHumble(): void {
  for (const step of [
    () => setPriority(PRIORITY_LOWEST),
    () => writeFileSync('/proc/self/oom_score_adj', '1000'), // on Linux alone
  ])
    try {
      step();
    } catch {
      // Where the system won't have it, it works all the same.
    }
}

/** `parent`: as its starter says it, for it may have ended before we look. */
async function orphaned(parent: number): Promise<number> {
  while (process.ppid === parent) await systemClock.sleep(PARENT_LOOK_MS);
  return EXIT.failed;
}

async function tellMemory(out: { write(reply: ServeReply): void }): Promise<void> {
  for (;;) {
    out.write({ type: 'memory', rssBytes: process.memoryUsage.rss() });
    await systemClock.sleep(MEMORY_TELL_MS);
  }
}

async function load({ path, grammar: text }: LoadRequest, home: string): Promise<(ask: AskRequest) => Promise<string>> {
  const threads = Math.max(1, Math.ceil(availableParallelism() / 2));
  const { llama, LlamaChatSession } = await openLibrary(home, threads);
  try {
    // Mapped, the file would count as memory of the page cache, and be read again and again where that is short.
    const model = await llama.loadModel({ modelPath: path, gpuLayers: 0, useMmap: false });
    const context = await model.createContext({ contextSize: { max: CONTEXT_TOKENS }, sequences: 1, threads });
    const grammar = await llama.createGrammar({ grammar: text });
    const session = new LlamaChatSession({ contextSequence: context.getSequence() });
    return ({ system, user }) => {
      // What the sequence has read of the same beginning stays read.
      session.setChatHistory([{ type: 'system', text: system }]);
      return session.prompt(user, { grammar, temperature: 0, maxTokens: ANSWER_TOKENS_MAX });
    };
  } catch (error) {
    throw new NervesysError('NSV_MODEL_UNUSABLE', `load the model ${path}: ${describeError(error)}`, {
      hint: 'is it a language model, whole, and small enough for the memory of this machine?',
      cause: error,
    });
  }
}

async function openLibrary(home: string, threads: number) {
  const found = libraryPlaces(home).find((place) => existsSync(join(place, 'package.json')));
  if (found === undefined)
    throw new NervesysError('NSV_MODEL_NOT_INSTALLED', 'load node-llama-cpp: it is not installed', {
      hint: `install it with: ${installCommand(home)}`,
    });
  try {
    // What its package names as its main file, in version 3.
    const { getLlama, LlamaChatSession }: Library = await import(pathToFileURL(join(found, 'dist/index.js')).href);
    const llama = await getLlama({
      gpu: false,
      build: 'never', // nor fetched: an agent does not compile
      skipDownload: true,
      maxThreads: threads,
      logLevel: 'error',
      logger: (_level, message) => process.stderr.write(`${message.trim()}\n`),
    });
    return { llama, LlamaChatSession };
  } catch (error) {
    const what = `load ${found}: ${describeError(error)} (${errorCode(error)})`;
    throw new NervesysError('NSV_MODEL_NOT_INSTALLED', what, {
      hint: `install it anew, with its build for this machine: ${installCommand(home)}`,
      cause: error,
    });
  }
}

/** Where it may have been installed: with the models, beside this program, or for everybody. */
function libraryPlaces(home: string): readonly string[] {
  const roots = [
    join(modelsFolder(home), 'node_modules'),
    join(packageRoot(), 'node_modules'),
    resolve(dirname(process.execPath), '../lib/node_modules'),
  ];
  return roots.map((root) => join(root, 'node-llama-cpp'));
}

/** Without its builds for graphics cards, which take some 640 MB more. */
export function installCommand(home: string): string {
  const { platform, arch } = process;
  const system = platform === 'darwin' ? 'mac' : platform === 'win32' ? 'win' : platform;
  const build = `${system}-${arch}${system === 'mac' && arch === 'arm64' ? '-metal' : ''}`;
  return `npm install --prefix ${modelsFolder(home)} --omit=optional --ignore-scripts node-llama-cpp@3 @node-llama-cpp/${build}@3`;
}
