import type { Delivery } from './delivery.ts';

/**
 * What happens to waiting records when the process ends. One pair of listeners serves all loggers, and knows only those that have
 * something waiting, so that a logger that was forgotten can be collected.
 */

interface Waiting {
  readonly exitTimeoutMs: number;
}

const busy = new Map<Delivery, Waiting>();
let listening = false;

/** From now on, until `nothingWaits`, the end of the process is a matter for this delivery. */
export function somethingWaits(delivery: Delivery, waiting: Waiting): void {
  if (!listening) {
    listening = true;
    process.on('beforeExit', deliverRest);
    process.on('exit', writeRest);
  }
  busy.set(delivery, waiting);
}

export function nothingWaits(delivery: Delivery): void {
  busy.delete(delivery);
}

/** The program has nothing left to do: there is time to deliver what waits. */
function deliverRest(): void {
  for (const [delivery, { exitTimeoutMs }] of busy) {
    void delivery.flush(exitTimeoutMs).then((delivered) => {
      if (!delivered) delivery.abandon();
    });
  }
}

/** `process.exit()` leaves no time for anything but the fallback. */
function writeRest(): void {
  for (const delivery of [...busy.keys()]) delivery.abandon();
}
