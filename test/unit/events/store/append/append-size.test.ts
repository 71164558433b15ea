import { expect, it } from "vitest";
import { appendBytes } from "../../../../../src/events/store/append/append-size.ts";
import { prepareAppend } from "../../../../../src/events/store/append/prepared-append.ts";
import { sampleEvent } from "../../../../fixtures/event-log/event-samples.ts";

it.each([
  ["plain text", sampleEvent()],
  ["a type of two UTF-16 units to a character", sampleEvent({ type: "😀😀" })],
  ["text of several bytes to a character", sampleEvent({ data: { text: "€\n\ud800", more: [null, 1e21] } })],
])("counts an event of %s as its append is counted", (_, event) => {
  const text = JSON.stringify(event.data) + JSON.stringify(event.metadata);
  const bytes = Buffer.byteLength(text) + 2 * event.type.length;
  expect(appendBytes(event)).toBe(bytes);
  expect(prepareAppend("user-1", [event, event], "no_stream").bytes).toBe(2 * bytes);
});
