import { EXIT } from './exit-codes.ts';
export async function run(): Promise<number> {
  return EXIT.done;
}
