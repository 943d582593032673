import { join } from 'node:path';
import { NervesysError } from '../../../platform/errors.ts';

/** A name that can't leave its folder, and reads the same on every file system. */
const MODEL_NAME_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,118}[A-Za-z0-9])?$/;

/** Where models lie that were pulled. */
export function modelsFolder(home: string): string {
  return join(home, 'models');
}

/** The file of the model of this name, with or without its ending. Rejects what is no name with `NSV_MODEL_UNUSABLE`. */
export function modelFilePath(folder: string, name: string): string {
  const stem = name.replace(/\.gguf$/i, '');
  if (!MODEL_NAME_PATTERN.test(stem) || stem.includes('..'))
    throw new NervesysError(
      'NSV_MODEL_UNUSABLE',
      `find the model ${JSON.stringify(name.slice(0, 120))}: it is no name`,
      {
        hint: 'use letters, digits, dots, hyphens and underscores; a file elsewhere is given by its path',
      },
    );
  return join(folder, `${stem}.gguf`);
}
