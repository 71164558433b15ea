/** How wide a line may be, in columns: what every terminal has. */
export const COLUMNS = 80;

/**
 * What a terminal could obey instead of showing it, or would not show: control characters (those above U+007F too, which
 * begin escape sequences as well), format characters such as those that turn the direction of writing, lone surrogates,
 * private and unassigned ones, line and paragraph separators.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** What a text that was cut ends with. */
const CUT = "…";

/** From here on a character may take two columns; taking each for two never makes a line too long. */
const FIRST_WIDE = 0x1100;

/**
 * Somebody's text for a line of a terminal: what is unprintable is escaped as in a string of JavaScript, and so is the
 * backslash, so that an escape differs from the same characters in the text.
 */
export function escaped(text: string): string {
  return Array.from(text, escapedCharacter).join("");
}

/** JSON that a terminal shows and does not obey. It stays the same JSON. */
export function escapedJson(json: string): string {
  return Array.from(json, (character) => {
    if (!UNPRINTABLE.test(character)) return character;
    return character.split("").map(codeUnit).join("");
  }).join("");
}

/**
 * Lines of at most `COLUMNS` columns: `first` and then the text, escaped, broken wherever a line is full (but never
 * within an escape); each further line begins with as many spaces as `first` has characters.
 */
export function wrapped(first: string, text: string): string[] {
  const lines: string[] = [];
  let line = first;
  let width = first.length;
  for (const character of text) {
    const shown = escapedCharacter(character);
    const more = columnsOf(shown);
    if (width + more > COLUMNS) {
      lines.push(line);
      line = " ".repeat(first.length);
      width = first.length;
    }
    line += shown;
    width += more;
  }
  return [...lines, line];
}

/** Somebody's text for what is left of a line: escaped, and cut so that it has at most so many columns, with `…` at its end. */
export function cutTo(columns: number, text: string): string {
  const whole = escaped(text);
  if (columnsOf(whole) <= columns) return whole;
  const end = columnsOf(CUT);
  if (columns < end) return "";
  let line = "";
  let width = 0;
  for (const character of text) {
    const shown = escapedCharacter(character);
    width += columnsOf(shown);
    if (width > columns - end) break;
    line += shown;
  }
  return line + CUT;
}

function escapedCharacter(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  if (!UNPRINTABLE.test(character)) return character;
  return character.length > 1 ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : codeUnit(character);
}

function codeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** How many columns a line takes. An upper bound: combining characters, which take none, are counted as well. */
export function columnsOf(shown: string): number {
  return Array.from(shown, (character) => ((character.codePointAt(0) ?? 0) < FIRST_WIDE ? 1 : 2)).reduce<number>(
    (sum, columns) => sum + columns,
    0,
  );
}
