import { cutText } from '../../../platform/safe-text.ts';
import type { RenderedMessage } from './render-message.ts';

/** From whole to bare: how many lines, troubles and facts are told. The headline and the link always are. */
const STEPS = [
  { lines: 10, items: 20, facts: 20, lineLength: 300 },
  { lines: 5, items: 20, facts: 20, lineLength: 200 },
  { lines: 5, items: 10, facts: 20, lineLength: 120 },
  { lines: 3, items: 5, facts: 8, lineLength: 80 },
  { lines: 0, items: 3, facts: 4, lineLength: 0 },
  { lines: 0, items: 0, facts: 0, lineLength: 0 },
] as const;

/**
 * Lays `message` out as whole as it fits. A provider cuts or refuses what is too large, so what is left out is chosen here: log lines
 * first, then troubles of a group, then facts. The barest layout is taken even where it doesn't fit.
 */
export function fitMessage<T>(
  message: RenderedMessage,
  layOut: (message: RenderedMessage) => T,
  fits: (laidOut: T) => boolean,
): T {
  let laidOut!: T;
  for (const { lines, items, facts, lineLength } of STEPS) {
    laidOut = layOut({
      ...message,
      lines: lines === 0 ? [] : message.lines.slice(-lines).map((line) => cutText(line, lineLength)),
      items: message.items.slice(0, items),
      facts: message.facts.slice(0, facts),
    });
    if (fits(laidOut)) break;
  }
  return laidOut;
}
