import type { AiEvent } from './ai-event.ts';
import type { Description } from './detector.ts';
import { PHRASES } from './injection-phrases.ts';
import { shown } from './marks.ts';

/** Of a longer text its beginning and its end are looked at: where such words stand when they are meant to be read. */
const LOOKED_AT_EACH = 16_384;
/** Signs that nobody sees and that would hide a word, marks below Hebrew letters among them. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u0591-\u05c7]/g;
/** What every phrase has one of: most results have none. */
const STEM =
  /ignor|isregard|orget|verrid|ypass|ollow|you are|ttention|nstruct|rompt|irective|im_start|ssistant|\|system|o not|on['’]t|ever |ithout|efore|nstead|as an|pretend|act as|message|note to|if you|send|post|upload|orward|xfiltrate|leak|transmit|append|התעלם|התעלמ|להתעלם|שכח|מעכשיו|מעתה|כעת|עכשיו|חשוף|חשפ|חשף|הצג|הדפס|הדפיס|גלה|גלי|הוראות|הנחיות|אל ת|בלי|שלח|העבר|העלה|העלי/i;

/** Words in what a tool or a search brought that would give the AI agent orders; nothing else is looked at. Pure. */
export function promptInjectionIn(event: AiEvent, phrasesMin: number): Description | undefined {
  const given = event.type === 'tool_result' ? event.text : event.type === 'llm_call' ? event.given : '';
  if (given === '' || !STEM.test(given)) return undefined;
  const text = readable(given);
  const found = PHRASES.flatMap(({ name, weight, pattern }) => {
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
  return cut.normalize('NFKC').replace(INVISIBLE, '').replace(/\s+/g, ' ');
}
