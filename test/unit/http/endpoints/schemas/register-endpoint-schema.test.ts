import { describe, expect, it } from "vitest";

import { registerEndpointReader } from "../../../../../src/http/endpoints/schemas/register-endpoint-schema.ts";
import type { UrlVerdict } from "../../../../../src/processes/sending/targets/target-rules.ts";

const NICKNAME_BLANK = "nickname must not be blank";
const NICKNAME = "nickname must be between 6 and 30";
const URL_BLANK = "url must not be blank";
const NOT_A_URL = "url must be a valid URL";
const NOT_HTTP = "url must be http or https";
const LOCAL = "url must not point to a local address";

/** Judges by the text itself, so that each row below says which verdict it is about. */
function judge(url: string): UrlVerdict {
  if (url.startsWith("ftp:")) return "not_http";
  if (url.includes("localhost")) return "forbidden";
  return url.startsWith("https://") ? "ok" : "not_a_url";
}

function errors(body: unknown): string[] {
  const result = registerEndpointReader(judge)(body);
  return result.ok ? [] : result.errors;
}

describe("a new endpoint's body", () => {
  it.each<[body: string, errors: string[]]>([
    ['{"nickname":"orders","url":"https://a.example"}', []],
    ['{"url":"https://a.example","nickname":"123456789012345678901234567890"}', []],
    ['{"nickname":" or de rs ","url":"https://a.example"}', []],
    ['{"nickname":"😀😀😀","url":"https://a.example"}', []],
    ["{}", [NICKNAME_BLANK]],
    ['{"nickname":"","url":""}', [NICKNAME_BLANK]],
    ['{"nickname":null,"url":null}', [NICKNAME_BLANK]],
    ['{"nickname":" \\t\\u3000","url":"ftp://a.example"}', [NICKNAME_BLANK]],
    ['{"url":"https://localhost"}', [NICKNAME_BLANK]],
    ['{"url":"https://a.example"}', [NICKNAME_BLANK]],
    ['{"nickname":"","url":7,"x":1}', [NICKNAME_BLANK]],
    ['{"nickname":"order","url":"https://a.example"}', [NICKNAME]],
    ['{"nickname":"1234567890123456789012345678901","url":"https://a.example"}', [NICKNAME]],
    ['{"nickname":"😀😀","url":"https://a.example"}', [NICKNAME]],
    ['{"nickname":"😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀","url":"https://a.example"}', [NICKNAME]],
    ['{"nickname":"order"}', [NICKNAME, URL_BLANK]],
    ['{"nickname":"order","url":"ftp://a.example"}', [NICKNAME, NOT_HTTP]],
    ['{"url":"https://localhost","nickname":"order"}', [NICKNAME, LOCAL]],
    ['{"nickname":7,"url":"https://a.example"}', ["nickname must be a string"]],
    ['{"nickname":7,"url":"nothing"}', ["nickname must be a string", NOT_A_URL]],
    ['{"nickname":[],"url":[]}', ["nickname must be a string", "url must be a string"]],
    ['{"nickname":"orders"}', [URL_BLANK]],
    ['{"nickname":"orders","url":null}', [URL_BLANK]],
    ['{"nickname":"orders","url":""}', [URL_BLANK]],
    ['{"nickname":"orders","url":" \\n\\u2003"}', [URL_BLANK]],
    ['{"nickname":"orders","url":7}', ["url must be a string"]],
    ['{"nickname":"orders","url":{"href":"https://a.example"}}', ["url must be a string"]],
    ['{"nickname":"orders","url":"a.example"}', [NOT_A_URL]],
    ['{"nickname":"orders","url":" https://a.example"}', [NOT_A_URL]],
    ['{"nickname":"orders","url":"ftp://a.example"}', [NOT_HTTP]],
    ['{"nickname":"orders","url":"https://localhost"}', [LOCAL]],
    ['{"nickname":"orders","url":"https://a.example","user_id":2}', ['unknown field "user_id"']],
    ['{"id":1,"nickname":"o","url":"ftp:"}', [NICKNAME, NOT_HTTP, 'unknown field "id"']],
    ['{"nickname":"orders","__proto__":{"url":"https://a.example"}}', [URL_BLANK, 'unknown field "__proto__"']],
    ["null", ["body must be a JSON object"]],
    ["[]", ["body must be a JSON object"]],
    ['"https://a.example"', ["body must be a JSON object"]],
  ])("%s has these messages: %j", (body, expected) => {
    expect(errors(JSON.parse(body))).toEqual(expected);
  });

  it("gives the nickname and the url exactly as they were sent", () => {
    const body = { nickname: "  Orders ", url: "https://A.example:443/../x?q=%7e" };
    expect(registerEndpointReader(judge)(body)).toEqual({ ok: true, value: body });
  });

  it("has its url judged only when it is a text and not blank", () => {
    const judged: string[] = [];
    const bodies = [{ url: "" }, { url: 7 }, {}, { url: "https://a.example" }];
    for (const body of bodies) {
      registerEndpointReader((url) => {
        judged.push(url);
        return "ok";
      })({ nickname: "orders", ...body });
    }
    expect(judged).toEqual(["https://a.example"]);
  });
});
