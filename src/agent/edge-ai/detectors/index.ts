export { type AiEvent, type AiWork, aiEventOf } from './ai-event.ts';
export { DETECTORS, type DetectorHit, type DetectorName } from './detector.ts';
export { DetectorEngine, lookAtOne, type SettingsOf } from './detector-engine.ts';
