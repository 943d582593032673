import { he as alerts } from '../../alerts/messages/he.ts';
import type { ReportWords } from './words.ts';

const number = new Intl.NumberFormat('he-IL');
const n = (count: number) => number.format(count);
/** One has its own form, with the numeral behind the noun: `רשומה אחת`, `37 רשומות`. */
const some = (count: number, one: string, many: string) => (count === 1 ? one : `${n(count)} ${many}`);
const usual = (count: number, one: string, many: string) =>
  count === 0 ? 'הרגיל' : `הרגיל, ${some(count, one, many)}`;
/** A prefix stands before a word at once, and before a digit or a foreign name with a maqaf. */
const prefixed = (prefix: string, text: string) => `${prefix}${/^[\u05d0-\u05ea]/.test(text) ? '' : '־'}${text}`;
const of = (names: string) => (names === '' ? '' : `: ${names}`);
const during = ({ when }: { when: string }) => (when === '' ? '' : ` ${when}`);

export const he: ReportWords = {
  language: 'he',
  direction: 'rtl',
  locale: 'he-IL',
  alerts,
  product: 'Nervesys',
  document: { daily: 'תמצית יומית', weekly: 'תמצית שבועית', monthly: 'תמצית חודשית' },
  week: (week, year) => `שבוע ${week} של ${year}`,
  fromTo: (from, to) => `${from} – ${to}`,

  duration: {
    second: (count) => some(count, 'שנייה אחת', 'שניות'),
    minute: (count) => some(count, 'דקה אחת', 'דקות'),
    hour: (count) => (count === 2 ? 'שעתיים' : some(count, 'שעה אחת', 'שעות')),
    day: (count) => (count === 2 ? 'יומיים' : some(count, 'יום אחד', 'ימים')),
  },
  joinDurations: (greater, smaller) => `${greater} ${prefixed('ו', smaller)}`,
  moment: 'שבריר שנייה',
  shortDuration: {
    second: (count) => `${count} שנ׳`,
    minute: (count) => `${count} דק׳`,
    hour: (count) => `${count} שע׳`,
    day: (count) => `${count} י׳`,
  },
  millions: ['M', 'B', 'T'],
  bytes: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'],

  light: { green: 'תקין', yellow: 'למעקב', red: 'תקלה', grey: 'לא ידוע' },
  lightReason: {
    down: 'היה למטה',
    critical_alert: 'התרעה קריטית',
    lost_records: 'אבדו רשומות',
    degraded: 'היה לקוי',
    late: 'דיווח באיחור',
    errors_above_habit: 'יותר שגיאות מהרגיל',
    critical_records: 'כתב רשומות CRITICAL',
    warning_alert: 'אזהרה',
    unknown: 'אין די מידע',
  },
  state: {
    up: 'פעיל',
    degraded: 'לקוי',
    late: 'מאחר',
    down: 'נפל',
    revoked: 'נשלל',
    retired: 'הוצא משימוש',
    unknown: 'לא ידוע',
  },
  gap: {
    nobody_heard: (told) =>
      `לא נשמע דבר מאף שרת${during(told)}: שרת התזמור או הרשת לא פעלו. לא ידוע אם סוכני ה־AI עבדו אז, והזמן הזה אינו נחשב להשבתה.`,
    before_first_data: (told) => `לא ידוע דבר${during(told)}: המערכת הייתה חדשה אז, או שהמידע כבר אינו נשמר.`,
    coarse_history: () => 'נתוני המעבד, הזיכרון והרשומות לקוחים מממוצעים גסים, כי העדינים כבר אינם נשמרים.',
    templates_by_utc_day: () => 'סוגי השורות נספרו לפי היממה של UTC, ולא לפי היממה המקומית.',
    archive_behind: ({ servers, count }) =>
      `בסוף התקופה היו ${count === 1 ? 'בשרת אחד' : `ב־${n(count)} שרתים`} רשומות שעוד לא הגיעו לארכיון${of(servers)}. גרסה מאוחרת יותר סופרת את מה שהגיע מאז.`,
    no_prices: () => 'עלות הארכיון אינה ידועה: אין מחירים ב־storage.yaml.',
    unfinished: () => 'התקופה עוד לא הסתיימה כשהמסמך נוצר.',
  },
  andMore: (count) => `ועוד ${n(count)}`,
  unknown: '—',
  unknownMeans: 'הסימן — פירושו שהמספר אינו ידוע. הוא לעולם אינו אפס.',
  undrawableMeans: (sign) => `הסימן ${sign} בא במקום תו שאין בגופנים של המסמך.`,

  numbers: {
    availability: 'זמינות',
    records: 'רשומות',
    error_rate: 'שיעור שגיאות',
    alerts_opened: 'התרעות',
    lost_records: 'רשומות שאבדו',
    archived_bytes: 'נפח בארכיון',
    archive_cost: 'עלות הארכיון',
    ai_tokens: 'אסימוני AI',
    ai_cost_usd: 'עלות AI',
  },
  compared: {
    now: { daily: 'היום הזה', weekly: 'השבוע הזה', monthly: 'החודש הזה' },
    before: { daily: 'יום קודם', weekly: 'שבוע קודם', monthly: 'חודש קודם' },
    weekBefore: 'שבוע קודם',
    habit: {
      daily: (count) => usual(count, 'יום אחד', 'ימים'),
      weekly: (count) => usual(count, 'שבוע אחד', 'שבועות'),
      monthly: (count) => usual(count, 'חודש אחד', 'חודשים'),
    },
    points: (signed) => `${signed} נק׳`,
    meaning: {
      daily: 'באותיות הקטנות: ההפרש של היום הזה.',
      weekly: 'באותיות הקטנות: ההפרש של השבוע הזה.',
      monthly: 'באותיות הקטנות: ההפרש של החודש הזה.',
    },
    notKnown: (rows) => `אין עם מה להשוות: ${rows}.`,
  },

  headings: {
    numbers: 'המספרים העיקריים',
    hands: 'מה דורש טיפול',
    agents: 'סוכני ה־AI',
    charts: 'התקופה בתרשימים',
    days: 'יום אחר יום',
    incidents: 'אירועים',
    templates: 'סוגי שגיאות חדשים',
    changes: 'שינויים ב־Git',
    work: 'עבודת ה־AI',
    gaps: 'מה חסר כאן',
  },
  columns: {
    light: 'מצב',
    agent: 'סוכן AI',
    server: 'שרת',
    availability: 'זמינות',
    down: 'השבתה',
    records: 'רשומות',
    errors: 'שגיאות',
    why: 'מדוע',
    day: 'יום',
    alerts: 'התרעות',
    archived: 'בארכיון',
    when: 'מתי',
    severity: 'חומרה',
    what: 'מה קרה',
    course: 'המשך הטיפול',
    line: 'שורה',
    level: 'רמה',
    count: 'שורות',
    revision: 'מהדורה',
    change: 'שינוי',
    by: 'בידי',
    state: 'מצב',
    model: 'מודל',
    calls: 'קריאות',
    failedCalls: 'נכשלו',
    inputTokens: 'אסימונים פנימה',
    outputTokens: 'אסימונים החוצה',
    toolCalls: 'קריאות לכלים',
    toolFailures: 'נכשלו',
    cost: 'עלות',
    number: 'מספר',
  },
  none: {
    hands: 'שום דבר. אין התרעה קריטית פתוחה.',
    incidents: 'לא הייתה אף התרעה.',
    templates: 'לא נראה סוג חדש של שגיאה.',
    notKnown: 'לא ידוע אם היו כאלה.',
    changes: 'התצורה לא השתנתה.',
    agents: 'לא היה מוכר אף סוכן AI בזמן הזה.',
  },
  agentsShown: (shown, others) =>
    `${n(shown)} הסוכנים עם הקשיים הרבים ביותר מפורטים למעלה. ${
      others === 1 ? 'סוכן אחד נוסף' : `${n(others)} האחרים`
    }, סימן לכל סוכן, מהגרוע לטוב:`,
  othersAre: (count, light) => `${n(count)} ${light}`,
  othersGrid: 'סימן אחד לכל סוכן AI שאינו מפורט',
  listCut: (shown, total) => `${n(shown)} הראשונים מתוך ${n(total)}.`,
  incident: {
    on: (agent, server) => `${agent} בשרת ${server}`,
    server: (server) => `שרת ${server}`,
    over: (after) => `נפתר אחרי ${after}`,
    stillOpen: 'עדיין פתוח',
    seenBy: (name) => `נלקח לטיפול בידי ${name}`,
    seen: 'נלקח לטיפול',
    unseen: 'לא נלקח לטיפול',
    times: (count) => (count === 2 ? 'דווח פעמיים' : `דווח ${n(count)} פעמים`),
    fromBefore: 'מלפני כן',
  },
  revisionState: {
    refused: 'נדחתה',
    checked: 'נבדקה',
    rolling: 'נפרסת',
    everywhere: 'אצל כולם',
    replaced: 'הוחלפה',
    rolled_back: 'הוחזרה לאחור',
  },
  rolloutState: {
    rolling: 'בעיצומה',
    paused: 'מושהית',
    done: 'הושלמה',
    replaced: 'הוחלפה',
    halted: 'הופסקה',
    rolled_back: 'הוחזרה לאחור',
  },
  refusedFor: (first, complaints) =>
    complaints > 1 ? `${first} (ועוד ${some(complaints - 1, 'אחת', 'תלונות')})` : first,
  unnamedModel: 'לא נמסר',
  partialCost: 'לחלק מהעבודה אין מחיר ידוע: העלות היא חלק מהשלם.',
  allTogether: 'הכול יחד',
  best: 'הטוב ביותר',
  worst: 'הגרוע ביותר',

  hand: {
    nothing_heard: {
      what: () => 'לא נשמע דבר מאף סוכן AI',
      todo: 'אם אמורים להיות שרתים, להריץ nervesys doctor בשרת התזמור ובאחד מהם. אם עוד אין, להוסיף שרת מדף הצי.',
    },
    critical_open: {
      what: (count, names) =>
        `${some(count, 'התרעה קריטית אחת עדיין פתוחה', 'התרעות קריטיות עדיין פתוחות')}${of(names)}`,
      todo: 'לראות בדף ההתרעות מי מטפל; אם אין מי שמטפל, לקחת לטיפול או למצוא מי שיוכל.',
    },
    down_at_end: {
      what: (count, names) => `${some(count, 'סוכן AI אחד היה למטה', 'סוכני AI היו למטה')} בסוף התקופה${of(names)}`,
      todo: 'לבדוק אם התוכנית שלו רצה בשרת, וברשומות האחרונות שלו מדוע נעצרה.',
    },
    records_lost: {
      what: (count, names) => `${count === 1 ? 'אבדה רשומה אחת' : `אבדו ${n(count)} רשומות`}${of(names)}`,
      todo: 'לברר מדוע החוצץ התמלא: לבדוק שהשרת מגיע לארכיון, ולתת לחוצץ יותר מקום.',
    },
    channel_failing: {
      what: (count, names) => `${some(count, 'ערוץ אחד לא הצליח', 'ערוצים לא הצליחו')} להודיע על התרעות${of(names)}`,
      todo: 'לבדוק את הערוץ בדף ההגדרות ולחדש את הסוד שלו; עד אז להסתמך על הערוצים האחרים.',
    },
    backup_failed: {
      what: (count) => (count === 1 ? 'גיבוי אחד נכשל' : `${n(count)} גיבויים נכשלו`),
      todo: 'להריץ nervesys doctor בשרת התזמור, לתקן את מה שנמצא, וליצור גיבוי עכשיו.',
    },
    report_missing: {
      what: (count) => (count === 1 ? 'דוח אחד חסר' : `${n(count)} דוחות חסרים`),
      todo: 'ליצור אותו שוב בדף הדוחות, שבו כתוב מה השתבש.',
    },
    archive_refused: {
      what: (count, names) => `הארכיון דחה רשומות של ${some(count, 'שרת אחד', 'שרתים')}${of(names)}`,
      todo: 'לבדוק את מפתח הגישה ואת ההרשאות. עד אז הרשומות נשמרות בשרת.',
    },
    archive_behind: {
      what: (count, names) => `${some(count, 'שרת אחד פיגר', 'שרתים פיגרו')} בשליחה לארכיון בסוף התקופה${of(names)}`,
      todo: 'לבדוק אם השרת מגיע לארכיון, ועד כמה החוצץ שלו מלא.',
    },
    revision_refused: {
      what: (count, names) => `${some(count, 'מהדורה אחת של התצורה נדחתה', 'מהדורות של התצורה נדחו')}${of(names)}`,
      todo: 'לתקן את מה שהבדיקה מצאה ולשלוח שוב ל־Git. מה שרץ קודם ממשיך לרוץ.',
    },
    rollout_halted: {
      what: (count, names) => `${some(count, 'פריסה אחת הופסקה', 'פריסות הופסקו')}${of(names)}`,
      todo: 'לקרוא בדף התצורה מה התגלה, ואז לתקן את המהדורה או לפרוס אותה מחדש.',
    },
  },
  verdict: {
    headline: {
      quiet: { daily: 'יום שקט.', weekly: 'שבוע שקט.', monthly: 'חודש שקט.' },
      troubled: { daily: 'יום עם תקלות.', weekly: 'שבוע עם תקלות.', monthly: 'חודש עם תקלות.' },
      bad: { daily: 'יום קשה.', weekly: 'שבוע קשה.', monthly: 'חודש קשה.' },
      unclear: {
        daily: 'רוב היום הזה אינו ידוע.',
        weekly: 'רוב השבוע הזה אינו ידוע.',
        monthly: 'רוב החודש הזה אינו ידוע.',
      },
      unknown: {
        daily: 'לא ידוע דבר על היום הזה.',
        weekly: 'לא ידוע דבר על השבוע הזה.',
        monthly: 'לא ידוע דבר על החודש הזה.',
      },
    },
    headlineSoFar: {
      quiet: 'טרם הסתיים, ועד כה שקט.',
      troubled: 'טרם הסתיים, ועד כה עם תקלות.',
      bad: 'טרם הסתיים, ועד כה קשה.',
      unclear: 'טרם הסתיים, ורובו עד כה אינו ידוע.',
      unknown: 'טרם הסתיים, ועד כה לא ידוע דבר.',
    },
    allUp: (agents, kind) => {
      const all = { daily: 'כל היום', weekly: 'כל השבוע', monthly: 'כל החודש' }[kind];
      if (agents === 1) return `סוכן ה־AI היחיד פעל ${all}`;
      return agents === 2 ? `שני סוכני ה־AI פעלו ${all}` : `כל ${n(agents)} סוכני ה־AI פעלו ${all}`;
    },
    noneDown: () => 'אף סוכן AI לא ירד',
    noneKnownDown: () => 'לא ידוע על סוכן AI שירד',
    downOnce: (name, duration, at) => `${name} ירד ${prefixed('ל', duration)} ${at}`,
    downOften: (name, times, together, longest, at) =>
      `${name} ירד ${times === 2 ? 'פעמיים' : `${n(times)} פעמים`}, בסך הכול ${prefixed('ל', together)}; הפעם הארוכה ביותר, ${at}, נמשכה ${longest}`,
    severalDown: (agents, worst, longest, at) =>
      `${agents === 2 ? 'שני' : n(agents)} סוכני AI ירדו; ${worst} ירד לזמן הארוך ביותר, ${longest}${at === '' ? '' : ` ${at}`}`,
    downFor: (name, together) => `${name} ירד ${prefixed('ל', together)}`,
    downAll: (name, kind) => `${name} היה למטה ${{ daily: 'כל היום', weekly: 'כל השבוע', monthly: 'כל החודש' }[kind]}`,
    atTime: (time) => `בשעה ${time}`,
    onDay: (day, time) => `${prefixed('ב', day)} בשעה ${time}`,
    atStart: { daily: 'בתחילת היום', weekly: 'בתחילת השבוע', monthly: 'בתחילת החודש' },
    toEnd: (at) => `${at}, ועדיין היה למטה בסוף`,
    nothingLost: 'דבר לא אבד',
    noLossKnown: 'לא ידוע על אובדן',
    lost: (records) => (records === 1 ? 'אבדה רשומה אחת' : `אבדו ${n(records)} רשומות`),
    lossUnknown: 'לא ידוע אם משהו אבד',
    and: (first, second) => `${first}; ${second}`,
    alerts: (critical, open) => {
      const opened = some(critical, 'התרעה קריטית אחת', 'התרעות קריטיות');
      if (open === 0) return critical === 1 ? `${opened}, והיא נפתרה` : `${opened}, וכולן נפתרו`;
      if (open === critical) return critical === 1 ? `${opened}, והיא עדיין פתוחה` : `${opened}, וכולן עדיין פתוחות`;
      return `${opened}, ${open === 1 ? 'אחת מהן עדיין פתוחה' : `${n(open)} מהן עדיין פתוחות`}`;
    },
    openFromBefore: (open) =>
      open === 1 ? 'התרעה קריטית אחת מלפני כן עדיין פתוחה' : `${n(open)} התרעות קריטיות מלפני כן עדיין פתוחות`,
    warnings: (count) => `${some(count, 'אזהרה אחת', 'אזהרות')}, בלי התרעות קריטיות`,
    errorsAbove: (times) => `השגיאות היו תכופות פי ${times} מהרגיל`,
    hands: (count) => (count === 1 ? 'עניין אחד דורש טיפול' : `${count === 2 ? 'שני' : n(count)} עניינים דורשים טיפול`),
    nobody: 'לא נשמע דבר מאף סוכן AI בזמן הזה, ולכן אין מה לשפוט',
    incomplete: 'חלק מהזמן חסר בעובדות האלה',
    unfinished: (time) => `העובדות הן עד ${time}`,
  },
  version: (version) => `גרסה ${version}: היא כוללת נתונים שהגיעו באיחור.`,
  made: (when, zone) => `נוצר ${when} (${zone})`,
  page: ['עמוד ', ' מתוך ', ''],
};
