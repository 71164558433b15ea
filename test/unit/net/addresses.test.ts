import { describe, expect, it } from "vitest";
import { parseCidrs } from "../../../src/net/addresses.ts";

describe("parseCidrs", () => {
  it("reads ranges separated by commas, with blanks around them", () => {
    expect(parseCidrs("127.0.0.2/32, fd00::/8 ,10.0.0.0/8")).toEqual(["127.0.0.2/32", "fd00::/8", "10.0.0.0/8"]);
    expect(parseCidrs("  ")).toEqual([]);
    expect(parseCidrs("")).toEqual([]);
  });

  it.each([
    ["127.0.0.2", "127.0.0.2"],
    ["10.0.0.0/8,localhost", "localhost"],
    ["10.0.0.0/33", "10.0.0.0/33"],
    ["fd00::/129", "fd00::/129"],
    ["10/8", "10/8"],
    ["010.0.0.0/8", "010.0.0.0/8"],
    ["10.0.0.0/8,", ""],
    ["10.0.0.0/8;127.0.0.1/32", "10.0.0.0/8;127.0.0.1/32"],
    ["10.0.0.0/255.0.0.0", "10.0.0.0/255.0.0.0"],
    ["fe80::%eth0/64", "fe80::%eth0/64"],
  ])("refuses %j and names the bad part", (text, part) => {
    expect(() => parseCidrs(text)).toThrow(`"${part}" is not an address range such as 127.0.0.2/32 or fd00::/8`);
  });
});
