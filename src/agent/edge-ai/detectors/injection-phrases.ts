/*
 * Words by which a text would give the AI agent that reads it orders, in English and Hebrew. What hardly anybody writes for people counts
 * whole; what may stand in documentation counts half, so that it takes two. All patterns are linear.
 */

interface Phrase {
  readonly name: string;
  readonly weight: 1 | 0.5;
  readonly pattern: RegExp;
}

const EARLIER = '(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|system)';
const ORDERS =
  '(?:instructions?|prompts?|directions?|directives?|guidelines|rules|commands?|orders|context|constraints)';
const AI = '(?:ai|llm|gpt|chatgpt|claude|gemini|copilot|grok|language model|assistant|chatbot)';

export const PHRASES: readonly Phrase[] = [
  whole(
    'ignore_instructions',
    `\\b(?:ignore|disregard|forget|override|bypass|do not follow|stop following) (?:(?:all|any|every|the|your|my|these|those|of|and|other) ){0,4}(?:${EARLIER} ){1,2}(?:\\w{1,20} )?${ORDERS}`,
  ),
  whole(
    'ignore_everything',
    `\\b(?:ignore|disregard|forget) (?:everything|all|anything) (?:(?:you|that|was|were|have|been|i|we|they) ){0,5}(?:told|said|instructed|above|before|learned)`,
  ),
  whole(
    'other_self',
    `\\byou are now (?:dan\\b|unrestricted|jailbroken|in (?:developer|dev|god|debug|admin|jailbreak|unrestricted) mode|an? (?:unrestricted|uncensored|evil|different|new) ${AI})`,
  ),
  whole(
    'to_ai_readers',
    `\\b(?:if you are|attention|note to|message (?:to|for)|instructions? (?:to|for)) (?:all |any |an? |the )?${AI}(?: (?:agent|assistant|model|reading|processing)s?)?\\b.{0,60}\\b(?:must|should|please|ignore|run|execute|send|call|use|do|follow|read)`,
  ),
  whole(
    'reveal_prompt',
    `\\b(?:reveal|print|output|repeat|show|display|leak|disclose) (?:me )?(?:your|the) (?:full |entire |hidden |secret |initial |original )?(?:system prompt|system instructions|hidden instructions|initial prompt)`,
  ),
  whole(
    'chat_markup',
    '<\\|im_start\\|> ?system|<\\|(?:system|start_header_id)\\|>|\\[/?inst\\] ?(?:<<sys>>)|</?(?:system|assistant)_?(?:prompt|instructions?|message)>',
  ),
  whole(
    'new_orders',
    `\\b(?:new|updated|real|actual|true|revised) (?:system )?(?:instructions?|prompt|directives?) ?(?:for (?:the |you)?[a-z ]{0,20})?: ?\\S`,
  ),
  half(
    'hide_from_user',
    `\\b(?:do not|don(?:'|’)t|never|without) (?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)? (?:this |it |any of this )?to|reveal(?:ing)? (?:this |it )?to|alert(?:ing)?|notify(?:ing)?|show(?:ing)? (?:this |it )?to) (?:the |your |any )?(?:user|human|operator|owner)`,
  ),
  half(
    'without_asking',
    `\\b(?:do not|don(?:'|’)t|never|without) ask(?:ing)? (?:the user |the human |anyone )?(?:for )?(?:confirmation|permission|approval|first)`,
  ),
  half(
    'send_secrets',
    `\\b(?:send|post|upload|forward|exfiltrate|email|leak|transmit|append) (?:(?:all|any|the|your|its|their|of) ){0,3}(?:\\w{1,20} )?(?:api[ _-]?keys?|credentials|passwords?|secrets|access tokens?|environment variables|env vars|private keys?|ssh keys?|conversation|chat history|system prompt|\\.env)\\b`,
  ),
  half(
    'act_first',
    `\\b(?:before|instead of) (?:you )?(?:answer(?:ing)?|respond(?:ing)?|continu(?:e|ing)|doing anything(?: else)?)\\b.{0,40}\\b(?:call|use|run|execute|invoke|read|open|fetch) (?:the |this |following )`,
  ),
  half('as_an_ai', `\\bas an? ${AI}(?: (?:agent|assistant|model))?,? you (?:must|should|are required|have to|will)\\b`),
  half('act_as', `\\b(?:you must|you should|you will|please) (?:now )?(?:pretend|act as|roleplay|behave as)\\b`),
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
    `(?:מעכשיו|מעתה|כעת|עכשיו) (?:אתה|את) (?:מודל|סוכן|עוזר|בינה|צ(?:'|׳)אטבוט|DAN)(?: \\S{1,20}){0,3} (?:ללא|בלי|חסר|משוחרר)`,
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
    `(?:שלח(?:י|ו)?|העבר|העבירי|העלה|העלי) (?:את )?(?:כל )?(?:ה)?(?:סיסמ(?:ה|אות)|מפתח(?:ות)?(?: ה?(?:API|גישה))?|סודות|פרטי הגישה|אסימוני הגישה)`,
  ),
  half('he_without_asking', `(?:אל תבקש(?:י|ו)?|בלי לבקש|מבלי לבקש) (?:אישור|רשות|הרשאה)`),
];

function whole(name: string, pattern: string): Phrase {
  return { name, weight: 1, pattern: new RegExp(pattern, 'iu') };
}

function half(name: string, pattern: string): Phrase {
  return { name, weight: 0.5, pattern: new RegExp(pattern, 'iu') };
}
