/** Words that belong to the number before them. */
const UNITS = new Set(
  (
    'ns us ms s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days week weeks ' +
    'millis millisecond milliseconds microseconds nanoseconds ' +
    'b byte bytes k kb kib m mb mib g gb gib tb tib kbytes mbytes hz khz mhz ghz percent am pm utc gmt est edt cst cdt mst mdt pst pdt cet cest bst'
  ).split(' '),
);
/** Names of months and days, that belong to the number beside them. */
const DATE_WORDS = new Set(
  (
    'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun ' +
    'January February March April June July August September October November December ' +
    'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'
  ).split(' '),
);

export function isUnitWord(text: string, start: number, end: number): boolean {
  return end - start <= 12 && UNITS.has(text.slice(start, end).toLowerCase());
}

export function isDateWord(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start);
  return first >= 65 && first <= 87 && end - start >= 3 && DATE_WORDS.has(text.slice(start, end));
}
