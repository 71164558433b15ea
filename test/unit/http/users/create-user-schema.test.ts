import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseCreateUser } from "../../../../src/http/users/create-user-schema.ts";

const BLANK = "username must not be blank";
const SPACES = "username must not contain spaces";
const LENGTH = "username must be between 5 and 16 characters";
const LETTERS = "username must only contain letters, numbers and underscores";
const EMAIL = "email must be a valid email address";

function errors(body: unknown): string[] {
  const result = parseCreateUser(body);
  return result.ok ? [] : result.errors;
}

describe("a new user's body", () => {
  it.each<[body: string, errors: string[]]>([
    ['{"username":"abcde"}', []],
    ['{"username":"ABCDE_0123456789"}', []],
    ['{"username":"_____"}', []],
    ['{"username":"abcde","email":null}', []],
    ['{"username":"abcde","email":"ada@example.com"}', []],
    ['{"email":"ada@example.com","username":"abcde"}', []],
    ["{}", [BLANK]],
    ['{"username":null}', [BLANK]],
    ['{"username":""}', [BLANK]],
    ['{"username":" "}', [BLANK]],
    ['{"username":"      "}', [BLANK]],
    ['{"username":" \\t\\r\\n\\u000b\\f"}', [BLANK]],
    ['{"username":"\\u2003\\u3000\\u2028"}', [BLANK]],
    ['{"username":"\\u00a0\\u0085"}', [BLANK]],
    ['{"username":"\\u001c\\u001f"}', [BLANK]],
    ['{"username":"\\u200b"}', [LENGTH, LETTERS]],
    ['{"username":"","email":"nobody"}', [BLANK]],
    ['{"username":null,"email":7,"x":1}', [BLANK]],
    ['{"user_name":"abcde"}', [BLANK]],
    ['{"username":"abc def"}', [SPACES, LETTERS]],
    ['{"username":" abcde"}', [SPACES, LETTERS]],
    ['{"username":"abc\\tdef"}', [SPACES, LETTERS]],
    ['{"username":"abc\\u000bdef"}', [SPACES, LETTERS]],
    ['{"username":"abc\\fdef\\r"}', [SPACES, LETTERS]],
    ['{"username":"abc\\u00a0def"}', [LETTERS]],
    ['{"username":"abcde\\u2003\\u0085"}', [LETTERS]],
    ['{"username":"abcde\\u001c"}', [LETTERS]],
    ['{"username":"a b"}', [SPACES, LENGTH, LETTERS]],
    ['{"username":"abcd"}', [LENGTH]],
    ['{"username":"abcdefghijklmnopq"}', [LENGTH]],
    ['{"username":"abc-def"}', [LETTERS]],
    ['{"username":"abcdé"}', [LETTERS]],
    ['{"username":"abcde\\u0000"}', [LETTERS]],
    ['{"username":"abcde\\n"}', [SPACES, LETTERS]],
    ['{"username":"٠١٢٣٤"}', [LETTERS]],
    ['{"username":"😀😀😀"}', [LETTERS]],
    ['{"username":"😀"}', [LENGTH, LETTERS]],
    ['{"username":5}', ["username must be a string"]],
    ['{"username":false}', ["username must be a string"]],
    ['{"username":["abcde"]}', ["username must be a string"]],
    ['{"username":{}}', ["username must be a string"]],
    ['{"username":5,"email":5}', ["username must be a string", "email must be a string"]],
    ['{"username":"abcde","email":["a@b.c"]}', ["email must be a string"]],
    ['{"username":"abcde","email":""}', [EMAIL]],
    ['{"username":"abcde","email":"nobody"}', [EMAIL]],
    ['{"email":"nobody","username":"ab"}', [LENGTH, EMAIL]],
    ['{"z":1,"email":"nobody","a":2,"username":"ab"}', [LENGTH, EMAIL, 'unknown field "z"', 'unknown field "a"']],
    ['{"username":"abcde","Username":"abcde"}', ['unknown field "Username"']],
    ['{"username":"abcde","":1}', ['unknown field ""']],
    ['{"username":"abcde","__proto__":{"email":1}}', ['unknown field "__proto__"']],
    ['{"username":"abcde","constructor":1}', ['unknown field "constructor"']],
    ['{"__proto__":{"username":"abcde"}}', [BLANK]],
    ["null", ["body must be a JSON object"]],
    ["[]", ["body must be a JSON object"]],
    ['"abcde"', ["body must be a JSON object"]],
  ])("%s has these messages: %j", (body, expected) => {
    expect(errors(JSON.parse(body))).toEqual(expected);
  });

  it("gives the username and the email, null when there is none", () => {
    expect(parseCreateUser({ username: "abcde" })).toEqual({ ok: true, value: { username: "abcde", email: null } });
    expect(parseCreateUser({ username: "abcde", email: "Ada@Example.com" })).toEqual({
      ok: true,
      value: { username: "abcde", email: "Ada@Example.com" },
    });
  });

  it("has of any username exactly the messages whose rules it breaks, in order", () => {
    const unit = fc.constantFrom("a", "Z", "9", "_", " ", "\t", "-", "é", "\u3000");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (username) => {
        const expected = [
          ...(/[ \t]/.test(username) ? [SPACES] : []),
          ...(username.length < 5 || username.length > 16 ? [LENGTH] : []),
          ...(/[^A-Za-z0-9_]/.test(username) ? [LETTERS] : []),
        ];
        expect(errors({ username })).toEqual(username.trim() === "" ? [BLANK] : expected);
      }),
    );
  });
});

describe("unknown fields", () => {
  it("are told up to ten", () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, i]));
    expect(errors({ username: "abcde", ...many })).toEqual(
      Array.from({ length: 10 }, (_, i) => `unknown field "x${i}"`),
    );
  });

  it.each([
    ["cut to 64 characters", "x".repeat(100_000), "x".repeat(64)],
    ["cut between characters, not inside one", "😀".repeat(100), "😀".repeat(64)],
    ["told without control characters", "a\u0000b\r\nc\u001b[31m\u007f\u009b", "abc[31m"],
    ["told without what would turn or break the line", "a\u202eb\u2028c\u200fd\ufeff", "abcd"],
    ["told without half characters", "a\ud83db\ude00", "ab"],
  ])("are %s", (_, name, told) => {
    expect(errors({ username: "abcde", [name]: 1 })).toEqual([`unknown field "${told}"`]);
  });
});

describe("an email address", () => {
  it.each([
    "a@b.co",
    "ada.lovelace+hooks@example.com",
    "o'brien!#$%&*/=?^_`{|}~-@example.com",
    "ADA@EXAMPLE.COM",
    "1@2.example",
    "ada@mail.sub-domain.example.museum",
    "ada@münchen.example",
    "ada@xn--mnchen-3ya.example",
    "josé@example.com",
    "用户@例子.公司",
    `${"a".repeat(64)}@example.com`,
    `a@${`${"b".repeat(61)}.`.repeat(4)}com`,
  ])("may be %s", (email) => {
    expect(errors({ username: "abcde", email })).toEqual([]);
  });

  it.each([
    " ",
    "@",
    "ada",
    "ada@",
    "@example.com",
    "ada@localhost",
    "ada@example..com",
    "ada@.example.com",
    "ada@example.com.",
    "ada@-example.com",
    "ada@example-.com",
    "ada@exa_mple.com",
    "ada@127.0.0.1",
    "ada@[127.0.0.1]",
    "ada@example.123",
    ".ada@example.com",
    "ada.@example.com",
    "a..da@example.com",
    "ada@home@example.com",
    "ada lovelace@example.com",
    " ada@example.com",
    "ada@example.com\n",
    "ada@example.com\r\nBcc: eve@example.com",
    "ada\u0000@example.com",
    "ada\u00a0@example.com",
    "ada\u202e@example.com",
    "<ada@example.com>",
    "Ada <ada@example.com>",
    "ada@example.com, eve@example.com",
    '"ada lovelace"@example.com',
    `${"a".repeat(65)}@example.com`,
    `${"é".repeat(33)}@example.com`,
    `a@${"b".repeat(64)}.com`,
    `a@${"ü".repeat(60)}.com`,
    `a@${`${"b".repeat(63)}.`.repeat(4)}com`,
    `${"a@".repeat(100_000)}b.co`,
  ])("may not be %j", (email) => {
    expect(errors({ username: "abcde", email })).toEqual([EMAIL]);
  });
});
