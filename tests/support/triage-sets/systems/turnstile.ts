import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** Doors of an office and their cards: a program with few statements, each of which speaks a lot. */
export const turnstile: System = {
  name: 'Doorkeep',
  seed: 4123,
  startsAt: Date.UTC(2026, 2, 9, 4, 0, 0),
  gapMs: 14_000,
  header: ({ at, level }) => {
    const { day, monthName, hour, minute, second } = dateParts(at);
    return `${day}${monthName}26;${hour}${minute}${second};${level};`;
  },
  values: {
    door: ['Main entrance', 'Lab 2', 'Garage (north)', 'roof', 'שער אחורי'],
    card: ['#{pad:1..99999;7}', '#{HEX:8}'],
    person: ['Levi, Dana', 'Dr. Katz', 'guest {int:1..40}', 'cleaning crew', ''],
  },
  statements: [
    ...routine(`
      400 I | door "{door}" opened by {card} ({person})
      300 I | door "{door}" closed after {int:1..40} s
      90 I | reader {int:1..24} alive, {float:3.1..5.1;2} V, {int:0..3} crc error(s)
      60 I | {card} left, inside now: {int:0..400}
      30 I | schedule "{one:weekday|holiday|night lock}" holds for "{door}"
      !30 I | door "{door}" held open, fire drill
      ~ I | card {card} issued to {person}
      ~ I | controller time set back {int:-3600..-1} s
      ~ E | alarm test of siren {int:1..4} passed
    `),
    ...borderline(`
      60 W | door "{door}" refused {card}: {one:unknown card|out of hours|expired|}
      ~ W | reader {int:1..24} answered late ({int:300..900} ms)
    `),
    ...trouble(`
      ~ I | door "{door}" forced open
      ~ E | reader {int:1..24} silent for {int:5..600} min
      ~ E | controller {ip} unreachable, {int:1..12} doors work from memory only
      ~ E | {card} refused {int:6..40} times in a row at "{door}", guard called
    `),
  ],
};
