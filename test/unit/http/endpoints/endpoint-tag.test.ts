import { describe, expect, it } from "vitest";
import { endpointTag, expectedOf } from "../../../../src/http/endpoints/endpoint-tag.ts";

const expected = (header?: string): readonly number[] | undefined =>
  expectedOf({ headers: header === undefined ? {} : { "if-match": header } }).expected;

describe("what If-Match expects of an endpoint", () => {
  it("is nothing without the header, and nothing but the endpoint with *", () => {
    expect([expected(), expected("*"), expected(" * ")]).toEqual([undefined, undefined, undefined]);
  });

  it("is any of the tags of a list, the ETag that was answered among them", () => {
    expect(expected(endpointTag({ change_count: 7 }))).toEqual([7]);
    expect(expected('"7","12"')).toEqual([7, 12]);
    // A recipient takes empty elements (RFC 9110, section 5.6.1.2).
    expect(expected(' ,"7"\t , , "12" ,')).toEqual([7, 12]);
    expect(expected('"a,b", "", "é", "12"')).toEqual([12]);
  });

  it("is no endpoint with a weak tag, another's tag, or none", () => {
    for (const header of ['W/"7"', "", ",", '"07"', '"7.0"', '"-7"', '" 7"', '"x"']) {
      expect(expected(header), header).toEqual([]);
    }
    expect(expected('W/"7", "8"')).toEqual([8]);
  });

  it("is no endpoint when it is malformed in any part", () => {
    for (const header of ["7", '"7', '"7" "8"', '"7", 8', '*, "7"', '"7", *', 'w/"7"', "'7'"]) {
      expect(expected(header), header).toEqual([]);
    }
  });
});
