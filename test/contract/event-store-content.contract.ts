import { describe, expect, it } from "vitest";
import { MAX_APPEND_BYTES } from "../../src/events/store/event-store.ts";
import type { EventToAppend } from "../../src/events/store/event-store.ts";
import { EventTooLarge } from "../../src/events/store/event-store-errors.ts";
import { newCategory, sampleEvent } from "../fixtures/event-log/event-samples.ts";
import type { ContractContext } from "./event-store.contract.ts";

/** What may be appended, and that it comes back as it was. */
export function contentContract({ store }: ContractContext): void {
  /** Its size as EventStoreDB 24.10 counts it. */
  const bytesOf = ({ type, data, metadata }: EventToAppend): number =>
    2 * type.length + Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(metadata));

  /** One event of exactly so many bytes. */
  const eventOfBytes = (bytes: number, filler: string, type = "SampleHappened"): EventToAppend => {
    const missing = bytes - bytesOf(sampleEvent({ type, data: { text: "" } }));
    const each = Buffer.byteLength(JSON.stringify(filler)) - 2;
    const whole = Math.floor(missing / each);
    const rest = missing - whole * each;
    return sampleEvent({ type, data: { text: filler.repeat(whole) + "x".repeat(rest) } });
  };

  describe("content", () => {
    it("comes back with everything that was appended and the time of recording", async () => {
      const stream = `${newCategory()}-1`;
      const event = sampleEvent({
        type: "UserCreated",
        data: { id: 1, tags: ["a", null, true], nested: { deep: {} } },
      });
      const { position } = await store().append(stream, [event], "no_stream");
      const [recorded] = await store().read(stream);
      expect(recorded).toMatchObject({ ...event, stream, position });
      expect(recorded?.recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    it.each([
      ["an emoji", "😀 👩‍👩‍👧 ⛄️"],
      ["NUL", "before\0after\0"],
      ["control characters and line separators", "\u0001\t\r\n\u007f\u2028\u2029"],
      ["lone surrogates", "\ud800 and \udfff"],
      ["quotes and backslashes", `\\"'\\u0000`],
      ["text that is not normalised", "e\u0301 is not \u00e9"],
    ])("preserves %s in keys and values of data and in metadata", async (_, text) => {
      const stream = `${newCategory()}-1`;
      const event = sampleEvent({ data: { text, [text]: [text] } });
      await store().append(stream, [{ ...event, metadata: { ...event.metadata, actor: text } }], "no_stream");
      const [recorded] = await store().read(stream);
      expect(recorded?.data).toEqual({ text, [text]: [text] });
      expect(recorded?.metadata.actor).toBe(text);
    });

    it("preserves every number that JSON has", async () => {
      const stream = `${newCategory()}-1`;
      const numbers = [0, -1, 2 ** 53 - 1, -(2 ** 53), 1e21, Number.MAX_VALUE, Number.MIN_VALUE, 0.1, 1 / 3];
      await store().append(stream, [sampleEvent({ data: { numbers } })], "no_stream");
      expect((await store().read(stream))[0]?.data).toEqual({ numbers });
    });

    it("is a copy: neither the appender nor a reader can change it afterwards", async () => {
      const stream = `${newCategory()}-1`;
      const data = { text: "original" };
      await store().append(stream, [sampleEvent({ data })], "no_stream");
      data.text = "changed";
      const [read] = await store().read(stream);
      (read?.data as { text: string }).text = "changed";
      expect((await store().read(stream))[0]?.data).toEqual({ text: "original" });
    });

    it("takes well-formed text of any script in stream names and types", async () => {
      const stream = `${newCategory()}-übung/😀:1`;
      await store().append(stream, [sampleEvent({ type: "Größe😀" })], "no_stream");
      expect(await store().read(stream)).toMatchObject([{ stream, type: "Größe😀" }]);
    });

    it.each([
      ["ASCII", "x"],
      ["three bytes a character", "€"],
      ["escaped by JSON", "\n"],
    ])(`takes exactly ${MAX_APPEND_BYTES} bytes and refuses one more (%s)`, async (_, filler) => {
      const stream = `${newCategory()}-1`;
      const event = eventOfBytes(MAX_APPEND_BYTES, filler);
      expect(bytesOf(event)).toBe(MAX_APPEND_BYTES);
      await store().append(stream, [event], "no_stream");
      const larger = eventOfBytes(MAX_APPEND_BYTES + 1, filler);
      await expect(store().append(`${stream}x`, [larger], "no_stream")).rejects.toThrow(EventTooLarge);
      expect(await store().read(`${stream}x`)).toEqual([]);
    });

    it("counts two bytes for each UTF-16 unit of a type", async () => {
      const type = "Größe😀".repeat(1_000);
      const event = eventOfBytes(MAX_APPEND_BYTES, "x", type);
      await store().append(`${newCategory()}-1`, [event], "no_stream");
      const larger = eventOfBytes(MAX_APPEND_BYTES + 1, "x", type);
      await expect(store().append(`${newCategory()}-1`, [larger], "no_stream")).rejects.toThrow(EventTooLarge);
    });

    it("counts all events of an append together", async () => {
      const stream = `${newCategory()}-1`;
      const half = eventOfBytes(MAX_APPEND_BYTES / 2 + 1, "x");
      const append = store().append(stream, [half, { ...half, id: sampleEvent().id }], "no_stream");
      const refusal = { code: "event_too_large", bytes: MAX_APPEND_BYTES + 2, limit: MAX_APPEND_BYTES };
      await expect(append).rejects.toMatchObject(refusal);
    });

    it("refuses an empty append", async () => {
      await expect(store().append(`${newCategory()}-1`, [], "any")).rejects.toThrow(RangeError);
    });

    it.each([
      ...["", "user", "-1", "user-", "User-1", "1user-1", "us_er-1", "$user-1", "user-a b", "user-a\nb"],
      ...["user-a\0b", "user-\ud800", `user-${"x".repeat(201)}`],
    ])("refuses the stream name %j", async (stream) => {
      await expect(store().append(stream, [sampleEvent()], "any")).rejects.toThrow(RangeError);
    });

    it.each(["", "Type\0", "Type\udc00"])("refuses the event type %j", async (type) => {
      await expect(store().append(`${newCategory()}-1`, [sampleEvent({ type })], "any")).rejects.toThrow(RangeError);
    });

    it.each(["", "1", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"])(
      "refuses the event id %j, which is not a UUID in lower case",
      async (id) => {
        await expect(store().append(`${newCategory()}-1`, [sampleEvent({ id })], "any")).rejects.toThrow(RangeError);
      },
    );

    it("refuses data that JSON cannot hold, without harm to other appends", async () => {
      const category = newCategory();
      const cycle: Record<string, unknown> = {};
      cycle["self"] = cycle;
      const outcomes = await Promise.allSettled([
        store().append(`${category}-1`, [sampleEvent()], "any"),
        store().append(`${category}-2`, [sampleEvent({ data: cycle })], "any"),
        store().append(`${category}-3`, [sampleEvent({ data: { big: 1n } })], "any"),
        store().append(`${category}-4`, [sampleEvent()], "any"),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    });
  });
}
