import { createHmac, timingSafeEqual } from 'node:crypto';
import { type ProviderAnswer, type ProviderRequest, ProviderServer } from './provider-server.ts';

/** A receiver as Standard Webhooks asks for: the signature is checked over what came, old requests are refused, an id counts once. */
export class WebhookReceiver extends ProviderServer {
  readonly secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
  readonly ids = new Set<string>();
  /** Its own clock. */
  readonly now: () => number;

  private constructor(now: () => number) {
    super((request) => this.#accept(request));
    this.now = now;
  }

  static async start(now: () => number): Promise<WebhookReceiver> {
    return new WebhookReceiver(now).listen();
  }

  #accept({ method, headers, text, json }: ProviderRequest): ProviderAnswer {
    const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map(
      (name) => headers[`webhook-${name}`]?.toString() ?? '',
    );
    if (method !== 'POST' || !id || !timestamp || !signature) return { status: 400, body: 'Missing required headers' };
    if (!/^\d+$/.test(timestamp) || Math.abs(this.now() / 1_000 - Number(timestamp)) > 300)
      return { status: 400, body: 'Message timestamp too old' };
    const key = Buffer.from(this.secret.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest();
    const right = signature.split(' ').some((one) => {
      const [version, value = ''] = one.split(',');
      const given = Buffer.from(value, 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (!right) return { status: 401, body: 'No matching signature found' };
    if (Buffer.byteLength(text) > 256 * 1024) return { status: 413, body: 'Payload Too Large' };
    if (typeof json?.type !== 'string' || Number.isNaN(Date.parse(json.timestamp)) || typeof json.data !== 'object')
      return { status: 400, body: 'type, timestamp and data are needed' };
    this.ids.add(id);
    return { status: 204, body: '' };
  }
}
