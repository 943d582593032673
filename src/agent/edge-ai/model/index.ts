export { CACHE_BYTES_MAX } from './answer-cache.ts';
export { type GgufFile, readGgufHeader } from './gguf-header.ts';
export { modelMetrics } from './metrics.ts';
export { modelFilePath, modelsFolder } from './model-files.ts';
export type { SpawnModel } from './model-process.ts';
export {
  type ModelCounts,
  type ModelParts,
  type ModelState,
  ModelTier,
  type ModelTierOptions,
  openModel,
} from './model-tier.ts';
export { buildPrompt, parseAnswer } from './prompt.ts';
export {
  type AskRequest,
  type LoadRequest,
  SERVE_LINE_BYTES_MAX,
  type ServeReply,
  type ServeRequest,
} from './serve-protocol.ts';
export { mostSimilar } from './similarity.ts';
export { type ModelTrial, tryModel } from './try-model.ts';
export type {
  KnownTemplate,
  ModelAnswer,
  ModelQuestion,
  ModelVerdict,
} from './types.ts';
