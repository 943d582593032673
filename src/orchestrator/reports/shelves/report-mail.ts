import type { SendMailOptions } from 'nodemailer';
import type { EmailShelfSettings } from '../../../config/index.ts';
import { sha256Hex } from '../../../platform/digest.ts';
import { cleanText, escapeHtml } from '../../../platform/safe-text.ts';
import type { ShelfFile } from '../../../storage/shelf.ts';
import { mailDomain } from '../../mail/send-mail.ts';
import { MAIL_WORDS } from './mail-words.ts';

const SUBJECT_MAX = 200;
const SUMMARY_LINE_MAX = 2_000;
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Heebo,Arial,sans-serif";

/** The mail that brings a report's file: to these of its recipients, with the file in it where it isn't too large. */
export function reportMail(
  settings: EmailShelfSettings,
  file: ShelfFile,
  recipients: readonly string[],
): SendMailOptions {
  const { from, to, attachmentBytesMax } = settings;
  const { lang, path, version, url, bytes, mediaType } = file;
  const words = MAIL_WORDS[lang];
  const title = cleanText(file.title, SUBJECT_MAX);
  const isAttached = bytes.length <= attachmentBytesMax;
  const lines = [
    ...file.summary.split(/\r?\n/).map((line) => cleanText(line, SUMMARY_LINE_MAX)),
    ...(version === 1 ? [] : [`${upperFirst(words.version(version))}. ${words.replaces}`]),
    isAttached ? words.attached : words.tooLarge,
  ].filter((line) => line !== '');
  const thread = mailId('report-thread', settings, [path]);
  return {
    from: from.name === undefined ? from.address : { name: from.name, address: from.address },
    to: [...to],
    envelope: { from: from.address, to: [...recipients] },
    subject: version === 1 ? title : `${title} (${words.version(version)})`,
    messageId: reportMailId(settings, file),
    inReplyTo: thread,
    references: thread,
    headers: {
      // No answer from those who are away, and no loop between two robots.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': lang,
    },
    text: [title, ...lines, `${words.open}:\n${url}`, words.sentBy].join('\n\n'),
    html: html(lang, title, lines, url),
    ...(isAttached
      ? {
          attachments: [
            { filename: path.slice(path.lastIndexOf('/') + 1), content: Buffer.from(bytes), contentType: mediaType },
          ],
        }
      : {}),
  };
}

/** The same for each attempt to bring this version: mail programs show a second copy once. Made of hashes, so that nothing from outside is in a header. */
export function reportMailId(settings: EmailShelfSettings, { path, version, occasion }: ShelfFile): string {
  return mailId('report', settings, [path, String(version), occasion ?? '']);
}

function mailId(of: string, { name, from }: EmailShelfSettings, parts: readonly string[]): string {
  return `<nervesys.${of}.${sha256Hex([name, ...parts].join('\n')).slice(0, 32)}@${mailDomain(from.address)}>`;
}

function html(lang: ShelfFile['lang'], title: string, lines: readonly string[], url: string): string {
  const words = MAIL_WORDS[lang];
  const direction = lang === 'he' ? 'rtl' : 'ltr';
  const start = direction === 'rtl' ? 'right' : 'left';
  const parts = [
    `<h1 style="font-size:18px;margin:0 0 12px">${escapeHtml(title)}</h1>`,
    ...lines.map((line) => `<p style="margin:0 0 12px">${escapeHtml(line)}</p>`),
    `<p style="margin:0 0 12px"><a href="${escapeHtml(url)}" style="color:#2563eb">${escapeHtml(words.open)}</a></p>`,
    `<p style="margin:0;color:#888;font-size:12px">${escapeHtml(words.sentBy)}</p>`,
  ];
  return (
    `<!doctype html><html lang="${lang}" dir="${direction}"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head>` +
    `<body dir="${direction}" style="margin:0;padding:16px;color:#111;text-align:${start};${FONT};font-size:14px">` +
    `${parts.join('\n')}</body></html>`
  );
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
