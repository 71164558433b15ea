import { describe, expect, it } from "vitest";

import { parseListDeliveries } from "../../../../src/http/deliveries/list-deliveries-schema.ts";

const STATUS = "status must be one of PENDING, SUCCESS, FAILED, CANCELED";
const ENDPOINT = "endpoint_id must be greater than 0";
const ENDPOINT_INTEGER = "endpoint_id must be an integer";
const FROM = "from must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z";
const TO = "to must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z";
const LIMIT = "limit must be between 1 and 100";
const LIMIT_INTEGER = "limit must be an integer";

const NO_FILTER = { status: null, endpoint_id: null, reference: null, from: null, to: null, limit: 20, cursor: null };

describe("the query of a list of deliveries", () => {
  it.each<[query: Record<string, unknown>, value: Partial<typeof NO_FILTER> | Record<string, unknown>]>([
    [{}, {}],
    [{ status: "", endpoint_id: "", from: "", to: "", limit: "", cursor: "" }, {}],
    [{ status: "PENDING" }, { status: "PENDING" }],
    [
      { status: "CANCELED", endpoint_id: "7", limit: "1" },
      { status: "CANCELED", endpoint_id: 7, limit: 1 },
    ],
    [{ reference: "" }, {}],
    [{ reference: "007" }, { reference: "007" }],
    [{ reference: " order\t42 😀 " }, { reference: " order\t42 😀 " }],
    [{ limit: "100" }, { limit: 100 }],
    [{ limit: "007" }, { limit: 7 }],
    [{ cursor: "abc" }, { cursor: "abc" }],
    [{ cursor: "12" }, { cursor: "12" }],
    [{ from: "2026-01-31T12:00:00.000Z" }, { from: "2026-01-31T12:00:00.000Z" }],
    [{ to: "2026-01-31T12:00:00Z" }, { to: "2026-01-31T12:00:00.000Z" }],
    [{ from: "2026-01-31T12:00:00.5+02:00" }, { from: "2026-01-31T10:00:00.500Z" }],
    [{ from: "2024-02-29T00:00:00.123456Z" }, { from: "2024-02-29T00:00:00.124Z" }],
    [{ to: "2024-02-29T00:00:00.123456Z" }, { to: "2024-02-29T00:00:00.124Z" }],
    [{ to: "2024-02-29T00:00:00.1230001Z" }, { to: "2024-02-29T00:00:00.124Z" }],
    [{ to: "2024-02-29T00:00:00.1230000Z" }, { to: "2024-02-29T00:00:00.123Z" }],
    [{ to: "2024-02-29T23:59:59.999999999+01:00" }, { to: "2024-02-29T23:00:00.000Z" }],
    [{ to: "1969-12-31T23:59:59.9991Z" }, { to: "1970-01-01T00:00:00.000Z" }],
    [{ to: "9999-12-31T23:59:59.9991Z" }, { to: "9999-12-31T23:59:59.999Z" }],
    [
      { from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" },
      { from: "2026-01-01T00:00:00.000Z", to: "2026-01-01T00:00:00.000Z" },
    ],
  ])("%j means %j", (query, value) => {
    expect(parseListDeliveries(query)).toEqual({ ok: true, value: { ...NO_FILTER, ...value } });
  });

  it.each<[query: Record<string, unknown>, errors: string[]]>([
    [{ status: "pending" }, [STATUS]],
    [{ status: "DONE" }, [STATUS]],
    [{ endpoint_id: "0" }, [ENDPOINT]],
    [{ endpoint_id: "-3" }, [ENDPOINT]],
    [{ endpoint_id: "1.0" }, [ENDPOINT_INTEGER]],
    [{ endpoint_id: "1e2" }, [ENDPOINT_INTEGER]],
    [{ endpoint_id: " 1" }, [ENDPOINT_INTEGER]],
    [{ endpoint_id: "0x1" }, [ENDPOINT_INTEGER]],
    [{ endpoint_id: "9007199254740993" }, ["endpoint_id must be at most 9007199254740991"]],
    [{ reference: "a".repeat(129), endpoint_id: "0" }, [ENDPOINT, "reference must be between 1 and 128 characters"]],
    [{ reference: ["a", "b"] }, ["reference must be given once"]],
    [{ limit: "0" }, [LIMIT]],
    [{ limit: "101" }, [LIMIT]],
    [{ limit: "-1" }, [LIMIT]],
    [{ limit: "9".repeat(400) }, [LIMIT_INTEGER]],
    [{ limit: "99999999999999999999" }, [LIMIT]],
    [{ limit: "ten" }, [LIMIT_INTEGER]],
    [{ limit: "1.5" }, [LIMIT_INTEGER]],
    [{ from: "yesterday" }, [FROM]],
    [{ from: "2026-01-31" }, [FROM]],
    [{ from: "2026-01-31T12:00:00" }, [FROM]],
    [{ from: "1769860800" }, [FROM]],
    [{ from: "2026-02-30T00:00:00Z" }, [FROM]],
    [{ from: "2026-01-31T24:00:00Z" }, [FROM]],
    [{ from: "9999-12-31T23:59:59-01:00" }, [FROM]],
    [{ to: "0000-01-01T00:00:00+01:00" }, [TO]],
    [{ to: "2026-01-31T12:00:00.000Z " }, [TO]],
    [{ from: "2026-01-02T00:00:00Z", to: "2026-01-01T23:59:59.999Z" }, ["from must not be after to"]],
    [{ from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:00+02:00" }, ["from must not be after to"]],
    [{ cursor: "x".repeat(1025) }, ["cursor must be the next_cursor of an earlier page"]],
    [{ q: "1" }, ['unknown parameter "q"']],
    [{ q: "" }, ['unknown parameter "q"']],
    [{ Limit: "5" }, ['unknown parameter "Limit"']],
    [{ toString: "5" }, ['unknown parameter "toString"']],
    [JSON.parse('{"__proto__":"5"}') as Record<string, unknown>, ['unknown parameter "__proto__"']],
    [{ limit: ["5", "6"] }, ["limit must be given once"]],
    [{ q: ["5", "6"] }, ['unknown parameter "q"']],
    [
      { x: "1", limit: "0", to: "b", from: "a", endpoint_id: "0", status: "c" },
      [STATUS, ENDPOINT, FROM, TO, LIMIT, 'unknown parameter "x"'],
    ],
  ])("%j has these messages: %j", (query, errors) => {
    expect(parseListDeliveries(query)).toEqual({ ok: false, errors });
  });

  it("may come as an object without a prototype, as query parsers make it", () => {
    const query = Object.assign(Object.create(null) as Record<string, unknown>, { limit: "5" });
    expect(parseListDeliveries(query)).toEqual({ ok: true, value: { ...NO_FILTER, limit: 5 } });
  });
});
