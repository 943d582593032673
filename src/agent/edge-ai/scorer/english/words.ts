/** Words that many phrases share, in the form of the lexicon: alternatives with `|` between. */
export const FAIL = 'fail|fails|failed|failing|failure|failures';
export const ERR = 'error|errors|err';
export const CONN =
  'connection|connections|conn|session|socket|channel|link|tunnel|stream|connectivity|contact|communication';
export const UNIT = 'second|seconds|sec|secs|minute|minutes|min|mins|hour|hours|day|days|week|weeks';
export const NODE = withPlurals(
  'node|host|server|service|daemon|broker|replica|worker|master|leader|instance|peer|member|cluster|agent|device|port|interface|controller|container|pod|process|target|disk|drive|gateway|router|switch|database|backend|endpoint|datanode|executor|slave|primary|standby|shard|partition|volume|system|site|link|uplink|path|nic|adapter|provider|model|upstream|machine|tracker|job',
);
export const NOTWORK =
  'down|dead|offline|unavailable|unreachable|unresponsive|inaccessible|hung|stuck|frozen|stalled|disabled|lost|gone|missing|failed|broken|out';
export const ZERO = 'no|without|zero|0';

function withPlurals(words: string): string {
  return words.replaceAll(/\w+/g, (word) => `${word}|${word}s`);
}
