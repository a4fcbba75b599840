import { execFileSync } from 'node:child_process';

/** Builds the product, for tests that run it as a process. Types are checked by `npm run check`, which takes far longer. */
export function build(): void {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'src/tsconfig.json', '--noCheck'];
  execFileSync(process.execPath, tsc, { stdio: 'inherit' });
}
