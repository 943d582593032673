import type { ChartWords } from './words.ts';

export const CHART_WORDS_HE: ChartWords = {
  titles: {
    availability: 'זמינות סוכני AI',
    levels: 'רשומות לפי רמה',
    vitals: 'עומס השרתים',
    trend: 'השבועיים האחרונים',
    critical: 'היום במבט אחד',
  },
  states: {
    up: 'פעיל',
    degraded: 'לקוי',
    late: 'מאחר',
    down: 'נפל',
    revoked: 'נשלל',
    retired: 'הוצא משימוש',
    unknown: 'לא ידוע',
  },
  levels: { DEBUG: 'ניפוי', INFO: 'מידע', WARN: 'אזהרה', ERROR: 'שגיאה', CRITICAL: 'קריטי' },
  notKnown: 'לא ידוע',
  fleet: (agents) => `כל ה־${count(agents)}`,
  moreAgents: (agents) => (agents === 1 ? 'ועוד סוכן AI אחד' : `ועוד ${count(agents)} סוכני AI`),
  alertStands: { unseen: 'איש עוד לא לקח לטיפול', seen: 'בטיפול', goes_on: 'לא נפתרה עד הכנת הדוח' },
  moreAlerts: (alerts) => (alerts === 1 ? 'ועוד התרעה אחת' : `ועוד ${count(alerts)} התרעות`),
  allRecords: 'כל הרשומות',
  warningsAndWorse: 'אזהרות וחמור מהן בלבד',
  vitals: { cpu_percent: 'מעבד', ram_percent: 'זיכרון' },
  spread: { p50: 'חציון השרתים', p95: 'עד האחוזון ה־95', max: 'הגבוה ביותר' },
  trend: {
    ai_cost_usd: 'עלות עבודת ה־AI, בדולרים',
    archive_cost: (currency) => `עלות הארכיון, ${currency}`,
    archived_bytes: 'נשמר בארכיון',
    records: 'רשומות',
    thisPeriod: 'בדוח זה',
    daysBefore: 'ימים קודמים',
  },
  shortDay: (day, month) => `${day}.${month}`,
  alt: {
    availabilityNobody: 'ציר זמן של מצבי סוכני AI: אף אחד מהם אינו ידוע.',
    availability: ({ agents, wereDown, share, worst }) =>
      `ציר זמן של ${agents === 1 ? 'מצבי סוכן AI אחד' : `מצבי ${count(agents)} סוכני AI`}` +
      `${share === undefined ? '' : `, זמינות ${share}`}: ` +
      (worst === undefined
        ? 'אף אחד לא נפל.'
        : `${wereDown === 1 ? 'אחד נפל' : `${count(wereDown)} נפלו`}, ${worst.name} לזמן הארוך ביותר, ${minutes(worst.minutes)} בסך הכול.`),
    levelsNothing: 'רשומות לפי רמה לאורך זמן: דבר אינו ידוע.',
    levels: ({ records, errors, busiest, slots, unknown }) =>
      `רשומות לפי רמה ב־${slots} פרקי זמן: ${records} רשומות, מהן ${errors} שגיאות, והשיא ב־${busiest}` +
      `${unknown === 0 ? '' : unknown === 1 ? '; על פרק זמן אחד דבר אינו ידוע' : `; על ${unknown} פרקי זמן דבר אינו ידוע`}.`,
    vitalsNothing: 'מעבד וזיכרון של השרתים לאורך זמן: דבר אינו ידוע.',
    vitals: ({ cpu, ram }) =>
      `מעבד וזיכרון של השרתים לאורך זמן: ${[
        ...(cpu === undefined ? [] : [`המעבד הגיע לכל היותר ל־${cpu}`]),
        ...(ram === undefined ? [] : [`הזיכרון הגיע לכל היותר ל־${ram}`]),
      ].join(', ')}.`,
    critical: ({ alerts, open }) =>
      `ציר זמן של ${alerts === 1 ? 'התרעה קריטית אחת' : `${count(alerts)} התרעות קריטיות`} לאורך היום, ${open === 0 ? 'אף אחת מהן אינה פתוחה' : open === 1 ? 'אחת מהן עדיין פתוחה' : `${count(open)} מהן עדיין פתוחות`}.`,
    trendNothing: (days) => `מגמה של ${days} ימים: דבר אינו ידוע.`,
    trend: ({ what, days, unknown, most, mostOn }) =>
      `${what} בכל אחד מ־${days} ימים: השיא היה ${most} ב־${mostOn}` +
      `${unknown === 0 ? '' : unknown === 1 ? '; יום אחד אינו ידוע' : `; ${unknown} ימים אינם ידועים`}.`,
  },
};

function count(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function minutes(number: number): string {
  return number === 1 ? 'דקה אחת' : number === 2 ? 'שתי דקות' : `${count(number)} דקות`;
}
