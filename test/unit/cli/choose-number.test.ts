import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { chooseNumber } from "../../../src/cli/choose-number.ts";

/** What is chosen of 5 when this is typed, and how often it was asked for. */
async function chosenWith(typed: string): Promise<{ number: number | null; asked: number; ended: boolean }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let text = "";
  output.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const choice = chooseNumber(5, input, output);
  input.end(typed);
  const number = await choice;
  return { number, asked: text.split("which one? 1 to 5, or nothing to end: ").length - 1, ended: text.endsWith("\n") };
}

describe("the choice of a number", () => {
  it.each([
    ["one of them", "3\n", 3, 1],
    ["the last one, with spaces", " 5 \n", 5, 1],
    ["one after others that are none of them", "0\n6\nfive\n-1\n2.5\n4\n", 4, 6],
    ["none, with an empty line", "\n3\n", null, 1],
    ["none, at the end of the input", "", null, 1],
    ["none, at the end of the input after a wrong one", "7\n", null, 2],
  ])("is %s", async (_what, typed, number, asked) => {
    // What is typed ends its line itself.
    const ended = number === null && !typed.includes("\n3") && !typed.startsWith("\n");
    expect(await chosenWith(typed)).toEqual({ number, asked, ended });
  });

  it("reads no more of an input that stays open, as a terminal does, so that the process can end", async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const choice = chooseNumber(5, input, output);
    input.write("3\n");
    expect(await choice).toBe(3);
    expect(input.isPaused()).toBe(true);
  });
});
