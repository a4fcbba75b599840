import { execFileSync } from 'node:child_process';

/** Builds the product, for tests that run it as a process. */
export function build(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'src/tsconfig.json'], { stdio: 'inherit' });
}
