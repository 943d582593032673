import { describeError, NervesysError } from '../../platform/errors.ts';

/** `byLimit`: the limit stands in the way, so that giving up records would help. */
export class BufferFull extends NervesysError {
  readonly byLimit: boolean;

  constructor(message: string, cause: unknown, byLimit: boolean) {
    super('NSV_BUFFER_FULL', message, {
      retryable: true,
      cause,
      hint: 'repeat later; `nervesys doctor` says why the buffer does not drain',
    });
    this.byLimit = byLimit;
  }
}

export function recordsTooLarge(bytes: number, bytesMax: number, limitBytes: number): NervesysError {
  return new NervesysError(
    'NSV_RECORDS_TOO_LARGE',
    `store ${bytes} bytes of records at once: in a buffer limited to ${limitBytes} bytes at most ${bytesMax} ever fit`,
    { facts: { bytesMax } },
  );
}

export function shuttingDown(): NervesysError {
  return new NervesysError('NSV_SHUTTING_DOWN', 'store records: the agent is closing', { retryable: true });
}

export function unusable(path: string, error: unknown): NervesysError {
  return new NervesysError('NSV_BUFFER_UNUSABLE', `open the buffer ${path}: ${describeError(error)}`, {
    cause: error,
    hint: 'check that its folder is writable and that its disk has space',
  });
}
