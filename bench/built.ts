/** A module of the built program by its path below dist: the sources have decorators, which Node cannot strip. */
export async function built<T>(path: string): Promise<T> {
  return (await import(new URL(`../dist/${path}.js`, import.meta.url).href)) as T;
}
