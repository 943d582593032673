/*
 * Whether a text claims that something was done, in English or Hebrew. A claim that is denied, wished for or taken back in the same text is
 * none: "did not complete successfully", "run the tests until all pass", "deployed, but 2 checks failed". All patterns are linear.
 */

const DONE =
  '(?:complet(?:ed?|ion)|finished|done|deployed|passed|pass(?:es)?|passing|fixed|resolved|installed|built|migrated|executed|ran|run|implemented|updated|uploaded|released|created|applied|merged|sent|saved|restored|backed up|processed|delivered)';
const THING =
  '(?:tests?|test suite|checks?|build|deploy(?:ment)?|migration|installation|task|job|command|script|upload|backup|release|everything|implementation|changes?|fix|process|operation|request|pipeline|import|export)';
const CLAIM = new RegExp(
  [
    '\\ball (?:of )?(?:the |my |our )?(?:\\d{1,6} )?(?:unit |integration )?(?:tests?|checks|specs|steps) (?:have |are |now |all )?(?:now )?(?:pass(?:ed|ing)?|green|succeed(?:ed)?)',
    `\\b${THING} (?:has |have |was |were |is |are )?(?:been |now )?(?:${DONE}(?! (?:with|in) (?:\\w{1,20} )?(?:errors?|failures?))|successful|succeeded|a success|works? (?:now|as expected))`,
    `\\bsuccessfully ${DONE}`,
    `\\b${DONE} (?:successfully|without (?:any )?(?:errors?|issues|problems)|with success)`,
    '(?:^|\\n)\\W{0,4}(?:success|done|all done|task complete)\\b ?[!.:✅]',
    '✅ ?\\p{L}',
    '(?:הושל(?:ם|מה|מו)|בוצע(?:ה|ו)?|הסתיי(?:ם|מה|מו)|נפרס(?:ה)?|תוקן|תוקנה|הותקן|הותקנה|עודכן|עודכנה|נשלח|נשלחה|נוצר|נוצרה|עבר|עברה) בהצלחה',
    'כל הבדיקות (?:עוברות|עברו)',
    'המשימה (?:הושלמה|בוצעה|הסתיימה)',
    'ה(?:כול|כל) (?:עובד|תקין)',
  ].join('|'),
  'giu',
);
/** Right before a claim, in the same sentence. */
const UNDONE =
  /(?:\b(?:not|no|never|none|without|fail(?:s|ed|ing)?|unable|cannot|can(?:'|’)?t|couldn(?:'|’)?t|isn(?:'|’)?t|wasn(?:'|’)?t|weren(?:'|’)?t|hasn(?:'|’)?t|didn(?:'|’)?t|won(?:'|’)?t|if|unless|until|once|when|whether|should|will|would|must|may|might|partially|ensure|make sure|verify|expect|before|after|to be|to get|0)\b|(?:^|[\s(])(?:לא|אם|כאשר|עד|לאחר|אינו|אינה)(?=\s))[^.!?\n;]{0,40}$/iu;
const TAKEN_BACK =
  /\b(?:but|however|although|except|unfortunately|still)\b[^.\n]{0,80}\b(?:fail|error|not\b|n(?:'|’)t|could|broken)|\b[1-9]\d{0,6} (?:\w{1,20} )?(?:fail(?:ed|ures?|ing|s)?|errors?)\b|\b(?:fail(?:ed|s)?|unable) to\b|\bcould(?: not|n(?:'|’)t)\b|\bdid(?: not|n(?:'|’)t)\b|אבל|נכשל|שגיאה/iu;
/** A tool's output that speaks of errors is honest enough. */
const SPEAKS_OF_FAILURE =
  /\b(?:errors?|fail(?:ed|ures?|ing|s)?|fatal|exception|traceback|not found|denied|refused)\b|✖|✗|❌/iu;
const NO_FAILURE =
  /\b(?:no|without|without any|0|zero) (?:\w{1,20} )?(?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed):? {0,2}0\b/giu;
const EXIT_PHRASE =
  /\(?\b(?:exit(?:ed)?|return(?:ed)?)[ _-]?(?:with )?(?:non-?zero )?(?:exit )?(?:code|status)?[ =:]{0,3}-?\d{1,5}\)?/giu;

const HEAD = 1_500;
const TAIL = 1_500;
const TOOL_TAIL = 400;

/** What an AI agent says. */
export function claimsSuccess(text: string): boolean {
  const cut = text.length > HEAD + TAIL ? `${text.slice(0, HEAD)}\n${text.slice(-TAIL)}` : text;
  const plain = cut.replace(EXIT_PHRASE, ' ');
  return isClaimed(plain) && !TAKEN_BACK.test(plain.replace(NO_FAILURE, ' '));
}

/** What a tool gave out: only how it ends counts, and a word of failure in it is enough to make it none. */
export function toolClaimsSuccess(text: string): boolean {
  const end = text.slice(-TOOL_TAIL).replace(EXIT_PHRASE, ' ');
  return (
    isClaimed(end) && !SPEAKS_OF_FAILURE.test(text.slice(-TAIL).replace(EXIT_PHRASE, ' ').replace(NO_FAILURE, ' '))
  );
}

function isClaimed(text: string): boolean {
  CLAIM.lastIndex = 0;
  for (let found = CLAIM.exec(text); found !== null; found = CLAIM.exec(text)) {
    const before = text.slice(Math.max(0, found.index - 60), found.index);
    if (!UNDONE.test(before)) return true;
  }
  return false;
}
