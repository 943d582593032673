import type { Clock } from '../../../platform/clock.ts';
import { describeError, NervesysError } from '../../../platform/errors.ts';
import { type HttpResponse, httpRequest } from '../../../platform/http-request.ts';
import { retryAfterMs } from '../../../platform/retry.ts';
import { modelAddress } from './model-address.ts';
import { ANSWER_SCHEMA } from './prompt.ts';
import type { LanguageModel, Prompt } from './types.ts';

/** An answer is below 1 KB; servers add figures of their own. */
const RESPONSE_BYTES_MAX = 256_000;
const TOKENS_MAX = 300;
/** What a model thinks to itself counts too. */
const TOKENS_REASONED_MAX = 2_000;
/** A server that asks for more patience is asked again then all the same. */
const RETRY_AFTER_MS_MAX = 3_600_000;

const AS_LONG_KNOWN = { temperature: 0, max_tokens: TOKENS_MAX } as const;
const BY_SCHEMA = {
  type: 'json_schema',
  json_schema: { name: 'verdict', strict: true, schema: ANSWER_SCHEMA },
} as const;
/**
 * How a question is put, the strictest way first: by schema, as JSON, without a form; and as the API's newer models want it, which know no
 * temperature. A server that doesn't know one refuses it, and is asked by the next from then on.
 */
const FORMS = [
  { ...AS_LONG_KNOWN, response_format: BY_SCHEMA },
  { ...AS_LONG_KNOWN, response_format: { type: 'json_object' } },
  AS_LONG_KNOWN,
  { max_completion_tokens: TOKENS_REASONED_MAX, response_format: BY_SCHEMA },
] as const;
/** How servers refuse a form; llama-server did so by 500 once, which can also be something that passes. */
const REFUSALS: ReadonlySet<number> = new Set([400, 422, 501]);
const PERHAPS_REFUSALS: ReadonlySet<number> = new Set([500]);

export interface HttpModelOptions {
  readonly url: string;
  readonly name: string;
  /** Sent as a bearer token. */
  readonly key: string | undefined;
  readonly clock: Clock;
}

/** A model behind an address that speaks OpenAI's chat completions, as those of Ollama, llama-server, vLLM and many others do. */
export class HttpModel implements LanguageModel {
  readonly name: string;
  readonly identity: string;
  readonly isAwake = false;
  readonly memoryBytes = undefined;
  readonly #url: URL;
  readonly #key: string | undefined;
  readonly #clock: Clock;
  #form = 0;

  /** Rejects an address that may not be used with `NSV_MODEL_UNUSABLE`. */
  constructor({ url, name, key, clock }: HttpModelOptions) {
    this.#url = modelAddress(url);
    this.#key = key;
    this.#clock = clock;
    this.name = name;
    this.identity = encodeURI(`${this.#url.host}${this.#url.pathname}|${name}`).slice(0, 200);
  }

  async ask(prompt: Prompt, limits: { readonly deadlineMs: number; readonly signal: AbortSignal }): Promise<string> {
    const deadline = this.#clock.monotonic() + limits.deadlineMs;
    for (let form = this.#form; ; form++) {
      const timeoutMs = Math.max(1, deadline - this.#clock.monotonic());
      const answer = await this.#post(prompt, FORMS[form]!, timeoutMs, limits.signal);
      if (answer.status === 200) return contentOf(answer);
      const isRefused = REFUSALS.has(answer.status);
      if (form + 1 === FORMS.length || !(isRefused || PERHAPS_REFUSALS.has(answer.status))) throw this.#refusal(answer);
      if (isRefused && form === this.#form) this.#form++;
    }
  }

  async rest(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #post(prompt: Prompt, form: (typeof FORMS)[number], timeoutMs: number, signal: AbortSignal) {
    const body = JSON.stringify({
      model: this.name,
      messages: [
        { role: 'system', content: prompt.system },
        { role: 'user', content: prompt.user },
      ],
      stream: false,
      ...form,
    });
    try {
      return await httpRequest(
        {
          method: 'POST',
          url: this.#url,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
          },
          body,
          timeoutMs,
          signal,
          responseBytesMax: RESPONSE_BYTES_MAX,
        },
        this.#clock,
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new NervesysError('NSV_MODEL_UNREACHABLE', `ask the model: ${describeError(error)}`, {
        retryable: true,
        hint: 'does the server run, and is it quick enough for the deadline?',
        cause: error,
      });
    }
  }

  /** The status tells enough; what the server wrote may repeat what it was sent. */
  #refusal({ status, headers }: HttpResponse): NervesysError {
    const where = `ask the model at ${this.#url.host}: it answered ${status}`;
    if (status === 401 || status === 403)
      return new NervesysError('NSV_MODEL_DENIED', where, { hint: 'set NERVESYS_MODEL_KEY to a key that it takes' });
    if (status === 404)
      return new NervesysError('NSV_MODEL_UNUSABLE', where, {
        hint: `is the address right, and is the model ${JSON.stringify(this.name)} there?`,
      });
    if (status >= 300 && status < 400)
      return new NervesysError('NSV_MODEL_UNUSABLE', `${where}, which leads elsewhere`, {
        hint: 'write the address that it leads to; questions are not passed on',
      });
    const waitMs = retryAfterMs(headers['retry-after'], this.#clock.now());
    return new NervesysError('NSV_MODEL_UNREACHABLE', where, {
      retryable: true,
      hint: 'see the log of the server',
      ...(waitMs === undefined ? {} : { facts: { retryAfterMs: Math.min(waitMs, RETRY_AFTER_MS_MAX) } }),
    });
  }
}

/** The text of a chat completion's first choice. */
function contentOf({ body }: HttpResponse): string {
  try {
    const value = JSON.parse(body.toString('utf8')) as {
      choices?: { message?: { content?: unknown } }[];
    };
    const content = value.choices?.[0]?.message?.content;
    if (typeof content === 'string') return content;
  } catch {
    // below
  }
  throw new NervesysError('NSV_MODEL_ANSWER_INVALID', "read the model's answer: it is no chat completion", {
    hint: 'is it the address of an OpenAI-compatible API?',
  });
}
