import type { CriticalWords } from './critical-words.ts';

const number = new Intl.NumberFormat('he-IL');
const n = (count: number) => number.format(count);
/** After a prefix a foreign name or digit takes a maqaf, and an isolate before it is invisible. */
const by = (name: string | undefined) => (name === undefined ? '' : ` בידי ${name}`);
const verb = (count: number, one: string, many: string) => (count === 1 ? `אחת ${one}` : `${n(count)} ${many}`);

export const CRITICAL_WORDS_HE: CriticalWords = {
  document: 'התרעות קריטיות',
  headline: ({ total, open }) => {
    if (total === 0) return 'אין התרעות קריטיות';
    if (total === 1) return open === 0 ? 'התרעה קריטית אחת, והיא נפתרה' : 'התרעה קריטית אחת, עדיין פתוחה';
    return `${n(total)} התרעות קריטיות, ${
      open === 0
        ? 'כולן נפתרו'
        : open === total
          ? 'אף אחת לא נפתרה'
          : open === 1
            ? 'אחת עדיין פתוחה'
            : `${n(open)} עדיין פתוחות`
    }`;
  },
  stands: ({ unseen, seen, over }) => {
    const parts = [
      ...(unseen > 0 ? [verb(unseen, 'ממתינה לטיפול', 'ממתינות לטיפול')] : []),
      ...(seen > 0 ? [verb(seen, 'נמצאת בטיפול', 'נמצאות בטיפול')] : []),
      ...(over > 0 ? [verb(over, 'נפתרה', 'נפתרו')] : []),
    ];
    const last = parts.at(-1) ?? '';
    if (last === '') return '';
    if (parts.length === 1) return `${last}.`;
    return `${parts.slice(0, -1).join(', ')} ו${/^\d/.test(last) ? '־' : ''}${last}.`;
  },
  inShort: (where, what, state) => `${where}: ${what} (${state}).`,
  states: {
    open: (age) => `פתוחה כבר ${age}, ואיש אינו מטפל בה`,
    acknowledged: (name, age) => `פתוחה כבר ${age}, נלקחה לטיפול${by(name)}`,
    resolved: (after) => `נפתרה אחרי ${after}`,
  },
  labels: {
    where: 'היכן',
    since: 'ממתי',
    state: 'מצבה',
    seen: 'נלקחה לטיפול',
    reason: 'מדוע',
    rule: 'כלל',
    revision: 'תצורה',
    count: 'כמה פעמים',
    kind: 'סוג',
  },
  seenAfter: (name, after) => `${name === undefined ? '' : `${name}, `}אחרי ${after}`,
  nobodyYet: 'עוד לא',
  nobodyWas: 'לא, עד שנפתרה',
  times: (count) => (count === 2 ? 'פעמיים' : `${n(count)} פעמים`),
  timeline: 'מה קרה',
  events: {
    opened: ({ severity }) => `נפתחה: ${severity}`,
    reopened: ({ severity }) => `חזרה: ${severity}`,
    worsened: ({ severity }) => `החמירה: ${severity}`,
    eased: ({ severity }) => `הוקלה: ${severity}`,
    acknowledged: (told) => `נלקחה לטיפול${by(told.by)}`,
    resolved: (told) => (told.by === undefined ? 'נפתרה מעצמה' : `נפתרה${by(told.by)}`),
  },
  lines: 'השורות שקדמו לה',
  noLines: 'היא לא נפתחה בגלל שורה, או שהשורות שקדמו לה אינן ידועות.',
  cause: 'פתחה אותה',
  told: 'למי נמסר',
  toldNobody: 'לאיש: אין ערוץ שמקבל התרעות כאלה.',
  deliveries: {
    told: (channel) => `נמסר בערוץ ${channel}`,
    waiting: (channel) => `טרם נמסר בערוץ ${channel}`,
    failed: (channel) => `לא היה אפשר למסור בערוץ ${channel}`,
    moot: (channel) => `לא נמסר בערוץ ${channel}, כי חלפה קודם`,
  },
  others: 'שאר ההתרעות בקצרה',
  andMore: (count) =>
    `${count === 1 ? 'ועוד התרעה קריטית אחת, שאין לה מקום' : `ועוד ${n(count)} התרעות קריטיות, שאין להן מקום`} בדוח זה. לוח הבקרה מציג את כולן.`,
  severityWas: { info: 'לידיעה', warning: 'אזהרה', critical: 'קריטית' },
  none: 'לא הייתה התרעה קריטית ביום הזה.',
};
