import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseDispatch } from "../../../../src/http/dispatch/dispatch-schema.ts";
import { nastyPayloads } from "../../../fixtures/nasty-json.ts";

const ENDPOINT = "endpoint_id must be greater than 0";
const INTEGER = "endpoint_id must be an integer";
const EMPTY = "payload must not be empty";
const OBJECT = "payload must be a JSON object";
const LENGTH = "reference must be between 1 and 128 characters";

function errors(body: unknown): string[] {
  const result = parseDispatch(body);
  return result.ok ? [] : result.errors;
}

describe("a dispatch's body", () => {
  it.each<[body: string, errors: string[]]>([
    ['{"endpoint_id":1,"payload":{"a":1}}', []],
    ['{"payload":{"":null},"endpoint_id":9007199254740991}', []],
    ['{"endpoint_id":1.0,"payload":{"a":1}}', []],
    ['{"endpoint_id":1e2,"payload":{"a":1}}', []],
    ["{}", [ENDPOINT, EMPTY]],
    ['{"payload":{},"endpoint_id":0}', [ENDPOINT, EMPTY]],
    ['{"payload":null,"endpoint_id":null}', [ENDPOINT, EMPTY]],
    ['{"payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":null,"payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":0,"payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":-0,"payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":-1,"payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":-9007199254740993,"payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":1.5,"payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":-1.5,"payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":1e400,"payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"1","payload":{"a":1}}', []],
    ['{"endpoint_id":"04","payload":{"a":1}}', []],
    ['{"endpoint_id":"0","payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":"-1","payload":{"a":1}}', [ENDPOINT]],
    ['{"endpoint_id":"abc","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":" 4","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"4\\n","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"1.0","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"+4","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"٤","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"","payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":true,"payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":[1],"payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":{},"payload":{"a":1}}', [INTEGER]],
    ['{"endpoint_id":"9007199254740993","payload":{"a":1}}', ["endpoint_id must be at most 9007199254740991"]],
    ['{"endpoint_id":9007199254740993,"payload":{"a":1}}', ["endpoint_id must be at most 9007199254740991"]],
    ['{"endpoint_id":1}', [EMPTY]],
    ['{"endpoint_id":1,"payload":null}', [EMPTY]],
    ['{"endpoint_id":1,"payload":{}}', [EMPTY]],
    ['{"endpoint_id":1,"payload":[]}', [OBJECT]],
    ['{"endpoint_id":1,"payload":[{"a":1}]}', [OBJECT]],
    ['{"endpoint_id":1,"payload":""}', [OBJECT]],
    ['{"endpoint_id":1,"payload":"{\\"a\\":1}"}', [OBJECT]],
    ['{"endpoint_id":1,"payload":0}', [OBJECT]],
    ['{"endpoint_id":1,"payload":false}', [OBJECT]],
    ['{"payload":[],"endpoint_id":"one"}', [INTEGER, OBJECT]],
    ['{"payload":[],"endpoint_id":"1","__proto__":1}', [OBJECT, 'unknown field "__proto__"']],
    ['{"endpoint_id":1,"payload":{"a":1},"reference":"a"}', []],
    ['{"endpoint_id":1,"payload":{"a":1},"reference":null}', []],
    ['{"endpoint_id":1,"payload":{"a":1},"reference":""}', [LENGTH]],
    ['{"endpoint_id":1,"payload":{"a":1},"reference":7}', ["reference must be a string"]],
    ['{"x":1,"reference":"","payload":7,"endpoint_id":0}', [ENDPOINT, OBJECT, LENGTH, 'unknown field "x"']],
    ['{"endpoint_id":0,"payload":7,"x":1}', [ENDPOINT, OBJECT, 'unknown field "x"']],
    ['{"endpoint_id":1,"payload":{"a":1},"Payload":{}}', ['unknown field "Payload"']],
    ['{"endpointId":1,"payload":{"a":1}}', [ENDPOINT, 'unknown field "endpointId"']],
    ['{"endpoint_id":1,"payload":{"__proto__":{}}}', []],
    ['{"endpoint_id":1,"__proto__":{"payload":{"a":1}}}', [EMPTY, 'unknown field "__proto__"']],
    ["null", ["body must be a JSON object"]],
    ["[]", ["body must be a JSON object"]],
    ["7", ["body must be a JSON object"]],
  ])("%s has these messages: %j", (body, expected) => {
    expect(errors(JSON.parse(body))).toEqual(expected);
  });

  it.each(nastyPayloads)("is fine with a payload of $name", ({ text }) => {
    expect(parseDispatch({ endpoint_id: 7, payload: JSON.parse(text) as unknown })).toEqual({
      ok: true,
      value: { endpoint_id: 7, reference: null },
    });
  });

  it("takes any object that has a member, and no other payload", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (payload) => {
        const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload);
        const empty = payload === null || (isObject && Object.keys(payload).length === 0);
        expect(errors({ endpoint_id: 1, payload })).toEqual(empty ? [EMPTY] : isObject ? [] : [OBJECT]);
      }),
    );
  });

  it("gives the number of an id that was sent as text", () => {
    expect(parseDispatch({ endpoint_id: "04", payload: { a: 1 } })).toEqual({
      ok: true,
      value: { endpoint_id: 4, reference: null },
    });
  });

  it("takes any whole number from 1 as the endpoint's id", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.double()), (endpoint_id) => {
        const taken = Number.isSafeInteger(endpoint_id) && endpoint_id > 0;
        expect(parseDispatch({ endpoint_id, payload: { a: 1 } }).ok).toBe(taken);
      }),
    );
  });
});
