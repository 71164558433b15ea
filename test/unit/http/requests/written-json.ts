import fc from "fast-check";

/** A JSON value as somebody might write it, and how deep it is nested. */
export interface Written {
  readonly text: string;
  readonly depth: number;
}

export interface WrittenMember extends Written {
  readonly key: string;
  readonly keyText: string;
}

/** What may stand between tokens. */
export const whiteSpace = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\r"), maxLength: 3 });

/** The string in quotes, each of its UTF-16 units plain where JSON allows it, or escaped in one of its ways. */
function written(value: string): fc.Arbitrary<string> {
  const units = Array.from({ length: value.length }, (_, at) => value.charAt(at));
  return fc.tuple(...units.map(() => fc.nat(2))).map((ways) => {
    const text = units.map((unit, at) => spelled(unit, ways[at]!)).join("");
    return `"${text.isWellFormed() ? text : units.map((unit) => spelled(unit, 2)).join("")}"`;
  });
}

function spelled(unit: string, way: number): string {
  if (way === 2) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return way === 1 || unit < " " || unit === '"' || unit === "\\" ? JSON.stringify(unit).slice(1, -1) : unit;
}

const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.string({
    unit: fc.constantFrom('"', "\\", "{", "}", "[", "]", ":", ",", "\u2028", "\ud83d", "\ude00"),
    maxLength: 6,
  }),
);
const key = fc.oneof(
  fc.constantFrom("payload", "endpoint_id", "__proto__", "", "constructor", 'a"b', "c\\", "1"),
  text,
);

const scalar = fc.oneof(
  text.chain(written),
  fc.constantFrom("0", "-0", "1.0", "1E400", "-1e-400", "12345678901234567890", "true", "false", "null"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
);

/** Any JSON value, and the members of any JSON object, with all the liberties that a writer has. */
export const { value, members } = fc.letrec<{
  value: Written;
  list: Written;
  object: Written;
  members: WrittenMember[];
}>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar.map((text) => ({ text, depth: 0 })),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(fc.tuple(tie("value"), whiteSpace, whiteSpace), { maxLength: 4 }).map((items) =>
    nested(
      "[",
      items.map(([item, before, after]) => ({ ...item, text: before + item.text + after })),
      "]",
    ),
  ),
  object: fc.tuple(tie("members"), whiteSpace).map(([list, gap]) =>
    nested(
      "{",
      list.map((item) => membered({ ...item, keyText: withoutEscapes(item.key) }, gap)),
      "}",
    ),
  ),
  members: fc.array(
    fc
      .tuple(key, tie("value"))
      .chain(([name, item]) => written(name).map((keyText) => ({ ...item, key: name, keyText }))),
    { maxLength: 5 },
  ),
}));

/** Inner keys need no escapes here: V8 13.6 may read one as another key, so that two readings of a text could differ. */
function withoutEscapes(name: string): string {
  const quoted = JSON.stringify(name);
  return quoted.includes("\\") ? '"plain"' : quoted;
}

/** The member with the same white space at each of its gaps. */
function membered(member: WrittenMember, gap: string): Written {
  return { depth: member.depth, text: `${gap}${member.keyText}${gap}:${gap}${member.text}${gap}` };
}

function nested(open: string, items: readonly Written[], close: string): Written {
  return {
    text: open + items.map((item) => item.text).join(",") + close,
    depth: 1 + Math.max(0, ...items.map((item) => item.depth)),
  };
}

/** The text of the object with these members, with the same white space in every gap. */
export function objectText(list: readonly WrittenMember[], gap: string): string {
  return nested(
    "{",
    list.map((member) => membered(member, gap)),
    "}",
  ).text;
}
