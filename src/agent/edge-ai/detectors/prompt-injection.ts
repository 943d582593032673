import type { AiEvent } from './ai-event.ts';
import type { Description } from './detector.ts';
import { PHRASES } from './injection-phrases.ts';
import { shown } from './marks.ts';

/** Of a longer text its beginning and its end are looked at: where such words stand when they are meant to be read. */
const LOOKED_AT_EACH = 8_192;
/** Signs that nobody sees and that would hide a word, marks below Hebrew letters among them. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u0591-\u05c7]/g;
const BEYOND_ASCII = /[^\0-\x7f]/;
/** Words in what a tool or a search brought that would give the AI agent orders; nothing else is looked at. Pure. */
export function promptInjectionIn(event: AiEvent, phrasesMin: number): Description | undefined {
  const given = event.type === 'tool_result' ? event.text : event.type === 'llm_call' ? event.given : '';
  if (given === '') return undefined;
  const text = readable(given);
  const found = PHRASES.flatMap(({ name, weight, pattern, stems }) => {
    if (stems.length > 0 && !stems.some((stem) => text.includes(stem))) return [];
    const match = pattern.exec(text);
    return match === null ? [] : [{ name, weight, said: match[0] }];
  });
  const weight = found.reduce((sum, one) => sum + one.weight, 0);
  if (found.length === 0 || weight < phrasesMin) return undefined;
  const tool = event.type === 'tool_result' ? event.call.tool : undefined;
  const from = tool === undefined || tool === 'tool' ? 'A tool’s result' : `A result of the tool ${tool}`;
  return {
    title: `${from} would give it orders: “${shown(found[0]!.said)}”`,
    reason: found.map(({ name }) => name.replaceAll('_', ' ')).join(', '),
    detail: {
      tool: tool ?? null,
      phrases: found.map(({ name }) => name),
      said: found.map(({ said }) => shown(said) ?? ''),
      weight,
      least: phrasesMin,
    },
  };
}

function readable(text: string): string {
  const cut =
    text.length > 2 * LOOKED_AT_EACH ? `${text.slice(0, LOOKED_AT_EACH)}\n${text.slice(-LOOKED_AT_EACH)}` : text;
  const plain = BEYOND_ASCII.test(cut) ? cut.normalize('NFKC').replace(INVISIBLE, '') : cut;
  return plain.toLowerCase();
}
