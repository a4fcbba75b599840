import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

type FindServer = typeof import('../../test/support/mongo/find-server.ts');

const TESTS = new URL('../../test/support/mongo/', import.meta.url);
const BUILT = new URL('../mongo/', import.meta.url);

/** The server that the tests run on: the one of `MONGODB_URI`, else one that is started here and ends at `stop`. */
export async function findMongoServer(): Promise<Awaited<ReturnType<FindServer['findMongo']>>> {
  await buildFolder();
  const { findMongo } = (await import(new URL('find-server.js', BUILT).href)) as FindServer;
  return findMongo();
}

/** The tests are run from their sources, measurements from what was built: this folder is no part of that. */
async function buildFolder(): Promise<void> {
  await mkdir(BUILT, { recursive: true });
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    rewriteRelativeImportExtensions: true,
  };
  for (const name of await readdir(TESTS)) {
    const source = new URL(name, TESTS);
    if (!name.endsWith('.ts')) {
      await cp(fileURLToPath(source), fileURLToPath(new URL(name, BUILT)));
      continue;
    }
    const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), { compilerOptions });
    await writeFile(new URL(name.replace(/\.ts$/, '.js'), BUILT), outputText);
  }
}
