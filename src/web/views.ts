import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';

/** Renders `views/<name>.ejs` with the locals given. */
export type Views = { render(name: string, locals: object): string };

/** Templates of one folder; compiled once when `cache` is on, else read anew so that edits show. */
export function createViews(deps: { folder: URL; cache: boolean }): Views {
  const folder = fileURLToPath(deps.folder);
  const compiled = new Map<string, ejs.TemplateFunction>();
  function template(name: string): ejs.TemplateFunction {
    const known = compiled.get(name);
    if (known) return known;
    const filename = fileURLToPath(new URL(`${name}.ejs`, deps.folder));
    const made = ejs.compile(readFileSync(filename, 'utf8'), { filename, root: folder, cache: deps.cache });
    if (deps.cache) compiled.set(name, made);
    return made;
  }
  return { render: (name, locals) => template(name)(locals) };
}
