/** The day's date in the Hebrew calendar, as it is written: `כ׳ בכסלו תשפ״ו`. */
export function hebrewDate(localDay: string): string {
  const told = new Intl.DateTimeFormat('he-u-ca-hebrew', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  }).formatToParts(Date.parse(`${localDay}T12:00:00Z`));
  return told
    .map(({ type, value }) => (type === 'day' || type === 'year' ? hebrewNumeral(Number(value) % 1_000) : value))
    .join('');
}

const NUMERALS: readonly (readonly [value: number, letters: string])[] = [
  [400, 'ת'],
  [300, 'ש'],
  [200, 'ר'],
  [100, 'ק'],
  [90, 'צ'],
  [80, 'פ'],
  [70, 'ע'],
  [60, 'ס'],
  [50, 'נ'],
  [40, 'מ'],
  [30, 'ל'],
  [20, 'כ'],
  [16, 'טז'], // the letters of 10 and 6, or 10 and 5, would write a name of God
  [15, 'טו'],
  [10, 'י'],
  [9, 'ט'],
  [8, 'ח'],
  [7, 'ז'],
  [6, 'ו'],
  [5, 'ה'],
  [4, 'ד'],
  [3, 'ג'],
  [2, 'ב'],
  [1, 'א'],
];

/** 1–999 in Hebrew letters: `כ׳`, `תשפ״ו`. */
function hebrewNumeral(value: number): string {
  let letters = '';
  let rest = value;
  for (const [worth, letter] of NUMERALS) for (; rest >= worth; rest -= worth) letters += letter;
  return letters.length === 1 ? `${letters}׳` : `${letters.slice(0, -1)}״${letters.slice(-1)}`;
}
