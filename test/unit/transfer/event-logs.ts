import fc from "fast-check";
import type { EventStore, EventToAppend, RecordedEvent } from "../../../src/events/event-store.ts";
import { revisionOf } from "../../../src/events/position.ts";
import { beginExport, exportLog } from "../../../src/processes/transfer/export-log.ts";
import type { ExportProgress } from "../../../src/processes/transfer/export-log.ts";
import { importLog } from "../../../src/processes/transfer/import-log.ts";
import type { ImportReport } from "../../../src/processes/transfer/import-log.ts";
import { appendEach, collect, sampleEvent } from "../../fixtures/event-samples.ts";
import { HookedEventStore } from "../commands/store-doubles.ts";

/** A few appends in a row, each of some events to one of a few streams. */
export type Appends = readonly { readonly stream: string; readonly events: readonly EventToAppend[] }[];

const STREAMS = ["user-1", "endpoint-1", "delivery-a", "delivery-b", "log-begin"];

const event: fc.Arbitrary<EventToAppend> = fc
  .record({
    id: fc.uuid(),
    type: fc.constantFrom("SampleHappened", "Höhere Gewalt", "UserCreated"),
    data: fc.dictionary(
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.jsonValue({ stringUnit: "binary", maxDepth: 2 }),
    ),
  })
  .map((overrides) => sampleEvent(overrides));

/** Logs of several streams, in any order, with data of every kind. */
export const randomAppends: fc.Arbitrary<Appends> = fc.array(
  fc.record({ stream: fc.constantFrom(...STREAMS), events: fc.array(event, { minLength: 1, maxLength: 3 }) }),
  { maxLength: 12 },
);

let clock = Date.parse("2026-03-01T12:00:00.000Z");

/** A log in memory of these appends, whose events have different times from those of other logs. */
export async function logOf(appends: Appends): Promise<HookedEventStore> {
  clock += 1_000_000;
  const store = new HookedEventStore({ now: () => (clock += 1) });
  for (const { stream, events } of appends) await appendEach(store, stream, events);
  return store;
}

/** A log of `count` events that are spread over a few streams. */
export function sampleLog(count: number): Promise<HookedEventStore> {
  const streams = ["user-1", "delivery-1", "delivery-2"];
  return logOf(
    Array.from({ length: count }, (_, number) => ({
      stream: streams[(number * number) % streams.length]!,
      events: [sampleEvent({ data: { number } })],
    })),
  );
}

/** The whole export of a log. */
export async function exportOf(log: EventStore): Promise<string> {
  return restOf(log, await beginExport(log, null));
}

/** What an export goes on with from here. */
export async function restOf(log: EventStore, progress: ExportProgress): Promise<string> {
  return Buffer.concat(await collect(exportLog(log, progress))).toString();
}

/** Imports a text that comes in pieces of `pieceBytes`. */
export function importText(
  log: EventStore,
  text: string | Uint8Array,
  { pieceBytes = 1_000, appends = 4, batches = 1 } = {},
): Promise<ImportReport> {
  return importLog(log, inPieces(text, pieceBytes), { inFlight: { appends, bytes: 100_000, batches } });
}

/** Bytes as they come from a file or a pipe. */
export async function* inPieces(text: string | Uint8Array, pieceBytes = 1_000): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** What stays of each event when a log moves. */
export async function kept(log: EventStore): Promise<Omit<RecordedEvent, "position" | "recordedAt">[]> {
  const events = await collect(log.readAll());
  return events.map(({ id, stream, revision, type, data, metadata }) => ({
    id,
    stream,
    revision,
    type,
    data,
    metadata,
  }));
}

/** Appends the first `count` events of one log to another, one by one. */
export async function copyEvents(from: EventStore, to: EventStore, count: number): Promise<void> {
  for await (const { stream, revision, id, type, data, metadata } of from.readAll({ limit: count })) {
    const expected = Number(revision) === 0 ? "no_stream" : revisionOf(Number(revision) - 1);
    await to.append(stream, [{ id, type, data: data as object, metadata }], expected);
  }
}
