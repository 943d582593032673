import { escapeHtml } from '../../../../platform/safe-text.ts';
import { listItems, type RenderedMessage } from '../../messages/render-message.ts';

const COLOURS = { info: '#2563eb', warning: '#c2410c', critical: '#b91c1c' } as const;
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Heebo,Arial,sans-serif";

/** The message as HTML that mail programs show alike: inline styles, a table for the facts, no image and no script. Every text is escaped. */
export function htmlBody(message: RenderedMessage): string {
  const { language, direction, subject, summary, facts, lines, linesTitle, link, footer, severity } = message;
  const start = direction === 'rtl' ? 'right' : 'left';
  const rows = facts.map(
    ({ label, value }) =>
      `<tr><td style="padding:2px 0;padding-${direction === 'rtl' ? 'left' : 'right'}:12px;color:#555;white-space:nowrap;text-align:${start};vertical-align:top">${escapeHtml(label)}</td>` +
      `<td style="padding:2px 0;text-align:${start}">${escapeHtml(value)}</td></tr>`,
  );
  const listed = listItems(message).map((item) => `<li>${escapeHtml(item)}</li>`);
  const parts = [
    `<h1 style="font-size:18px;margin:0 0 12px;border-${start}:4px solid ${COLOURS[severity]};padding-${start}:10px">${escapeHtml(subject)}</h1>`,
    rows.length === 0
      ? `<p style="margin:0 0 12px">${escapeHtml(summary)}</p>`
      : `<table role="presentation" dir="${direction}" style="border-collapse:collapse;margin:0 0 12px">${rows.join('')}</table>`,
    listed.length === 0 ? '' : `<ul style="margin:0 0 12px;padding-${start}:20px">${listed.join('')}</ul>`,
    lines.length === 0
      ? ''
      : `<p style="margin:0 0 4px;color:#555">${escapeHtml(linesTitle)}</p>` +
        `<pre dir="ltr" style="text-align:left;background:#f4f4f5;padding:8px;margin:0 0 12px;white-space:pre-wrap;word-break:break-word;font-size:12px">${escapeHtml(lines.join('\n'))}</pre>`,
    link === undefined
      ? ''
      : `<p style="margin:0 0 12px"><a href="${escapeHtml(link.url)}" style="color:#2563eb">${escapeHtml(link.text)}</a></p>`,
    `<p style="margin:0;color:#888;font-size:12px">${escapeHtml(footer)}</p>`,
  ];
  return (
    `<!doctype html><html lang="${language}" dir="${direction}"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>` +
    `<body dir="${direction}" style="margin:0;padding:16px;color:#111;text-align:${start};${FONT};font-size:14px">` +
    `${parts.filter((part) => part !== '').join('\n')}</body></html>`
  );
}
