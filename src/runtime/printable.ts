/** Characters that would break or forge a line where the name is shown: controls, format characters, lone surrogates, separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const LONGEST_NAME = 64;

/**
 * A name that somebody else wrote, to be shown: without unprintable characters, cut to 64 code points. Only its beginning
 * is looked at: a client may send a megabyte.
 */
export function printable(name: string): string {
  const cleaned = name.slice(0, 8 * LONGEST_NAME).replace(UNPRINTABLE, "");
  return Array.from(cleaned).slice(0, LONGEST_NAME).join("");
}
