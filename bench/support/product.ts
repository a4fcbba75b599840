/** A module of the built product, by its path under `src` without the ending: what is measured is what runs. */
export async function product<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../../dist/${path}.js`, import.meta.url).href)) as Module;
}
