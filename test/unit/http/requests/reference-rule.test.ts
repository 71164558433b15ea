import { describe, expect, it } from "vitest";
import { referenceMessages } from "../../../../src/http/requests/reference-rule.ts";

const LENGTH = "reference must be between 1 and 128 characters";
const UNICODE = "reference must be well-formed Unicode";

describe("a reference", () => {
  it.each([
    ["a letter", "a"],
    ["a space", " "],
    ["128 characters", "a".repeat(128)],
    ["128 characters of two units each", "😀".repeat(128)],
    ["control characters", "\0\n\u001b[31m\u202e"],
    ["any script", "注文 42, commande n° 42"],
  ])("may be %s", (_what, text) => {
    expect(referenceMessages("reference", text)).toEqual([]);
  });

  it.each([
    ["empty", "", [LENGTH]],
    ["129 characters", "a".repeat(129), [LENGTH]],
    ["129 characters of two units each", "😀".repeat(129), [LENGTH]],
    ["a megabyte", "a".repeat(1024 * 1024), [LENGTH]],
    ["half a surrogate pair", "a\ud83d", [UNICODE]],
    ["too many halves", "\ude00".repeat(200), [LENGTH, UNICODE]],
  ])("may not be %s", (_what, text, messages) => {
    expect(referenceMessages("reference", text)).toEqual(messages);
  });
});
