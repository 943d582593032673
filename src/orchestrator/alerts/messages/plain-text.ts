import { listItems, type RenderedMessage } from './render-message.ts';

/** The message below its headline as plain text: summary, facts, troubles, lines, and the link where `withLink`. */
export function plainBody(message: RenderedMessage, { withLink }: { readonly withLink: boolean }): string {
  const { summary, facts, lines, linesTitle, link } = message;
  const parts = [
    facts.length === 0 ? summary : facts.map(({ label, value }) => `${label}: ${value}`).join('\n'),
    listItems(message, '• ').join('\n'),
    lines.length === 0 ? '' : [`${linesTitle}:`, ...lines].join('\n'),
    withLink && link !== undefined ? `${link.text}:\n${link.url}` : '',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
