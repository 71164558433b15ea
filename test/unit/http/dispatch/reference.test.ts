import { describe, expect, it } from "vitest";
import { HttpError } from "../../../../src/http/errors.ts";
import { referenceOf } from "../../../../src/http/dispatch/reference.ts";

/** A request's headers as Node gives them: bytes as Latin-1, of a header that came twice both with a comma between. */
function headersWith(...references: (string | Buffer)[]) {
  const values = references.map((value) => Buffer.from(value).toString("latin1"));
  const headers = values.length === 0 ? {} : { "webhook-reference": values.join(", ") };
  return { headers, rawHeaders: ["Host", "webhook-reference", ...values.flatMap((v) => ["Webhook-REFERENCE", v])] };
}

function messagesOf(headers: ReturnType<typeof headersWith>, inBody: string | null): readonly string[] | undefined {
  try {
    referenceOf(headers, inBody);
  } catch (error) {
    if (error instanceof HttpError) return error.options.errors;
    throw error;
  }
  throw new Error("it was taken");
}

describe("the reference of a dispatch", () => {
  it("is that of the body or of the header, or none", () => {
    expect(referenceOf(headersWith(), null)).toBeNull();
    expect(referenceOf(headersWith(), "a")).toBe("a");
    expect(referenceOf(headersWith("a"), null)).toBe("a");
    expect(referenceOf(headersWith("a"), "a")).toBe("a");
    expect(referenceOf(headersWith("a, b"), null)).toBe("a, b");
  });

  it("may be any text in UTF-8 in a header", () => {
    for (const text of ["Größe", "注文 42", "😀".repeat(128), "\ufeffa"]) {
      expect(referenceOf(headersWith(text), null)).toBe(text);
      expect(referenceOf(headersWith(text), text)).toBe(text);
    }
  });

  it.each([
    ["differs from the body's", headersWith("a"), "b", "reference and Webhook-Reference must not differ"],
    ["differs in case", headersWith("a"), "A", "reference and Webhook-Reference must not differ"],
    ["is sent twice", headersWith("a", "a"), null, "Webhook-Reference must be given once"],
    ["is in Latin-1", headersWith(Buffer.from("Größe", "latin1")), null, "Webhook-Reference must be in UTF-8"],
    ["is a surrogate in UTF-8", headersWith(Buffer.from("eda080", "hex")), null, "Webhook-Reference must be in UTF-8"],
    ["is empty", headersWith(""), "a", "Webhook-Reference must be between 1 and 128 characters"],
    ["is too long", headersWith("é".repeat(129)), null, "Webhook-Reference must be between 1 and 128 characters"],
  ])("is refused when the header %s", (_what, headers, inBody, message) => {
    expect(messagesOf(headers, inBody)).toEqual([message]);
  });
});
