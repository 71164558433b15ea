import { readFileSync } from "node:fs";

/** The version of the product, from its package.json. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
).version;

/** The commit that the program was built from, which the build writes beside it; `unknown` where it could not tell. */
export const REVISION: string = revision();

function revision(): string {
  try {
    return readFileSync(new URL("revision.txt", import.meta.url), "utf8").trim();
  } catch {
    return "unknown";
  }
}
