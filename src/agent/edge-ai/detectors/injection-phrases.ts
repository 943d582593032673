/*
 * Words by which a text would give the AI agent that reads it orders, in English and Hebrew. What hardly anybody writes for people counts
 * whole; what may stand in documentation counts half, so that it takes two. All patterns are linear.
 */

interface Phrase {
  readonly name: string;
  readonly weight: 1 | 0.5;
  readonly pattern: RegExp;
  /** One of these stands in it, or it isn't there: found ten times as fast. Empty: the pattern is fast itself. */
  readonly stems: readonly string[];
}

const EARLIER = '(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|system)';
const ORDERS =
  '(?:instructions?|prompts?|directions?|directives?|guidelines|rules|commands?|orders|context|constraints)';
const AI = '(?:ai|llm|gpt|chatgpt|claude|gemini|copilot|grok|language model|assistant|chatbot)';

export const PHRASES: readonly Phrase[] = [
  whole(
    'ignore_instructions',
    `(?:ignore|disregard|forget|override|bypass|do not follow|stop following) (?:(?:all|any|every|the|your|my|these|those|of|and|other) ){0,4}(?:${EARLIER} ){1,2}(?:\\w{1,20} )?${ORDERS}`,
  ),
  whole(
    'ignore_everything',
    `(?:ignore|disregard|forget) (?:everything|all|anything) (?:(?:you|that|was|were|have|been|i|we|they) ){0,5}(?:told|said|instructed|above|before|learned)`,
  ),
  whole(
    'other_self',
    `you are now (?:dan\\b|unrestricted|jailbroken|in (?:developer|dev|god|debug|admin|jailbreak|unrestricted) mode|an? (?:unrestricted|uncensored|evil|different|new) ${AI})`,
  ),
  whole(
    'to_ai_readers',
    `(?:if you are|attention|note to|message (?:to|for)|instructions? (?:to|for)) (?:all |any |an? |the )?${AI}(?: (?:agent|assistant|model|reading|processing)s?)?\\b.{0,60}\\b(?:must|should|please|ignore|run|execute|send|call|use|do|follow|read)`,
  ),
  whole(
    'reveal_prompt',
    `(?:reveal|print|output|repeat|show|display|leak|disclose) (?:me )?(?:your|the) (?:full |entire |hidden |secret |initial |original )?(?:system prompt|system instructions|hidden instructions|initial prompt)`,
    ['system prompt', 'system instructions', 'hidden instructions', 'initial prompt'],
  ),
  whole(
    'chat_markup',
    '<\\|im_start\\|> ?system|<\\|(?:system|start_header_id)\\|>|\\[/?inst\\] ?(?:<<sys>>)|</?(?:system|assistant)_?(?:prompt|instructions?|message)>',
  ),
  whole(
    'new_orders',
    `(?:new|updated|real|actual|true|revised) (?:system )?(?:instructions?|prompt|directives?) ?(?:for (?:the |you)?[a-z\\s]{0,20})?: ?\\S`,
    ['instruction', 'prompt', 'directive'],
  ),
  half(
    'hide_from_user',
    `(?:do not|don(?:'|’)t|never|without) (?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)? (?:this |it |any of this )?to|reveal(?:ing)? (?:this |it )?to|alert(?:ing)?|notify(?:ing)?|show(?:ing)? (?:this |it )?to) (?:the |your |any )?(?:user|human|operator|owner)`,
  ),
  half(
    'without_asking',
    `(?:do not|don(?:'|’)t|never|without) ask(?:ing)? (?:the user |the human |anyone )?(?:for )?(?:confirmation|permission|approval|first)`,
  ),
  half(
    'send_secrets',
    `(?:send|post|upload|forward|exfiltrate|email|leak|transmit|append) (?:(?:all|any|the|your|its|their|of) ){0,3}(?:\\w{1,20} )?(?:api[ _-]?keys?|credentials|passwords?|secrets|access tokens?|environment variables|env vars|private keys?|ssh keys?|conversation|chat history|system prompt|\\.env)\\b`,
  ),
  half(
    'act_first',
    `(?:before|instead of) (?:you )?(?:answer(?:ing)?|respond(?:ing)?|continu(?:e|ing)|doing anything(?: else)?)\\b.{0,40}\\b(?:call|use|run|execute|invoke|read|open|fetch) (?:the |this |following )`,
  ),
  half('as_an_ai', `as an? ${AI}(?: (?:agent|assistant|model))?,? you (?:must|should|are required|have to|will)\\b`),
  half('act_as', `(?:you must|you should|you will|please) (?:now )?(?:pretend|act as|roleplay|behave as)\\b`),
  whole(
    'he_ignore_instructions',
    `(?:התעלמ(?:י|ו)?|התעלם|להתעלם) (?:נא )?מ(?:כל |כלל )?(?:ה)?(?:הוראות|הנחיות|פקודות|כללים|הנחיה|הוראה)`,
  ),
  whole(
    'he_forget_instructions',
    `(?:שכח(?:י|ו)?|תשכח(?:י|ו)?) (?:את |מ)?(?:כל |כול )?(?:ה)?(?:הוראות|הנחיות|פקודות|כללים|מה שנאמר|מה שאמרו)`,
  ),
  whole(
    'he_other_self',
    `(?:מעכשיו|מעתה|כעת|עכשיו) (?:אתה|את) (?:מודל|סוכן|עוזר|בינה|צ(?:'|׳)אטבוט|dan)(?: \\S{1,20}){0,3} (?:ללא|בלי|חסר|משוחרר)`,
  ),
  whole(
    'he_reveal_prompt',
    `(?:חשו?ף|חשפי|הצג|הציגי|הדפס|הדפיסי|גלה|גלי) (?:לי )?את (?:כל )?(?:הנחיות המערכת|הוראות המערכת|ההנחיות הסודיות|פרומפט המערכת|הפרומפט)`,
  ),
  whole('he_new_orders', `(?:הוראות|הנחיות)(?: מערכת)? (?:חדשות|מעודכנות|אמיתיות) ?: ?\\S`),
  half(
    'he_hide_from_user',
    `(?:אל|בלי|מבלי) (?:תספר(?:י|ו)?|תגל(?:ה|י|ו)|תדווח(?:י|ו)?|תיידע(?:י|ו)?|תזכיר(?:י|ו)?|לספר|לגלות|לדווח|ליידע|להזכיר) (?:(?:על כך|את זה|זאת|דבר) )?(?:ל|את ה)(?:משתמש|בעלים|מפעיל)`,
  ),
  half(
    'he_send_secrets',
    `(?:שלח(?:י|ו)?|העבר|העבירי|העלה|העלי) (?:את )?(?:כל )?(?:ה)?(?:סיסמ(?:ה|אות)|מפתח(?:ות)?(?: ה?(?:api|גישה))?|סודות|פרטי הגישה|אסימוני הגישה)`,
  ),
  half('he_without_asking', `(?:אל תבקש(?:י|ו)?|בלי לבקש|מבלי לבקש) (?:אישור|רשות|הרשאה)`),
];

function whole(name: string, pattern: string, stems: readonly string[] = []): Phrase {
  return { name, weight: 1, pattern: compiled(pattern), stems };
}

function half(name: string, pattern: string, stems: readonly string[] = []): Phrase {
  return { name, weight: 0.5, pattern: compiled(pattern), stems };
}

/** For text in small letters: told to match both, the engine of regular expressions takes several times as long. A space is any white space. */
function compiled(pattern: string): RegExp {
  return new RegExp(pattern.replaceAll(' ?', '\\s{0,4}').replaceAll(' ', '\\s{1,20}'));
}
