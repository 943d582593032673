export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/** More than any event of ours; a stream that never ends a line is not ours, and is given up. */
const PENDING_CHARACTERS_MAX = 4 * 1024 * 1024;

/**
 * Reads a `text/event-stream` piece by piece. We read the stream ourselves rather than through `EventSource`, which hides
 * the HTTP status (401 means: sign in again), gives up for good on a 503, and doesn't tell of the comment lines by which
 * we know that a silent connection is still alive.
 */
export class EventParser {
  #pending = '';
  #name = '';
  #data: string[] = [];

  /** Takes the next piece of text and returns the events that it completes. Throws when a line is unreasonably long. */
  push(text: string): ServerSentEvent[] {
    const lines = (this.#pending + text).split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop() ?? '';
    if (this.#pending.length > PENDING_CHARACTERS_MAX) throw new Error('event stream: a line does not end');
    const events: ServerSentEvent[] = [];
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) events.push({ name: this.#name || 'message', data: this.#data.join('\n') });
        this.#name = '';
        this.#data = [];
      } else if (!line.startsWith(':')) {
        this.#field(line);
      }
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data.push(value);
  }
}
