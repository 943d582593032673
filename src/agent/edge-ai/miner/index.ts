export { covers } from './covers.ts';
export { HeaderReader } from './header.ts';
export { TemplateMiner } from './template-miner.ts';
export { templateId } from './template-node.ts';
