import { readEvent } from "../../events/catalogue.ts";
import { leafText } from "../../events/store/event-line.ts";
import { MAX_APPEND_BYTES } from "../../events/store/event-store.ts";
import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import { EventTooLarge, RevisionConflict, UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import { ExistingEvents } from "./existing-events.ts";
import type { ExportHeader } from "./export-format.ts";
import { finishedExportLines } from "./export-lines.ts";
import { LogDigest } from "./log-digest.ts";
import { OrderedAppends } from "./ordered-appends.ts";
import type { AppendsInFlight } from "./ordered-appends.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { whenIdle } from "./idle-source.ts";
import { TransferRefused } from "./transfer-refused.ts";

export interface ImportOptions {
  readonly inFlight: AppendsInFlight;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Ends the import with its reason. What was written stays, and the same import goes on from there. */
  readonly signal?: AbortSignal;
  /**
   * Called with true before the first event is written, and with false when the log was read back and is right. A log
   * that was not completed keeps the mark.
   */
  readonly mark?: (unfinished: boolean) => Promise<void>;
  /** Called for every event with the numbers of events and bytes of the export handled so far. */
  readonly onProgress?: (events: number, bytes: number) => void;
  /** Called for every event while the log is read back, with how many of how many were read. */
  readonly onReadBack?: (events: number, of: number) => void;
}

/** The result of an import. */
export interface ImportReport {
  /** How many events the export has. */
  readonly events: number;
  /** How many of them were already in the log. */
  readonly alreadyThere: number;
  /** The digest of the export, and of the same events read back from the log. */
  readonly sha256: string;
  /** Why this version of the program cannot read the first event of a type, for each such type. At most 20. */
  readonly unreadable: readonly string[];
}

const MAX_UNREADABLE_TYPES = 20;

/**
 * Builds a log from an export: the same events in the same order with the same ids and revisions.
 *
 * The log must be empty or hold a beginning of the export (or what the export comes after, and then such a beginning).
 * Existing events are compared and only the rest is appended, so an interrupted import is completed by repeating the
 * call. Events are copied unchanged, without the catalogue: one of an unknown type is imported and reported.
 *
 * @throws TransferRefused when the log holds anything else (nothing is written then), when the export is damaged, or
 *   when the log read back differs; and what the log throws
 */
export async function importLog(
  log: EventStore,
  chunks: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportReport> {
  const appends = new OrderedAppends(log, options.inFlight);
  const known = new KnownTypes();
  let existing: ExistingEvents | null = null;
  let after: Position | null = null;
  let events = 0;
  let bytes = 0;
  let sha256 = "";
  let marked = false;
  // Who types, or sends over a slow line, finds in the log what came so far.
  const source = whenIdle(chunks, options.clock ?? systemClock, () => orRefuse(appends.flush()));
  for await (const line of finishedExportLines(source)) {
    options.signal?.throwIfAborted();
    switch (line.kind) {
      case "header":
        after = await beginningIn(log, line.header);
        existing = new ExistingEvents(log.readAll({ after }));
        break;
      case "event":
        known.check(line.event);
        if (existing === null || existing.ended || !(await existing.has(line.event, line.leaf, line.number))) {
          if (!marked) await options.mark?.(true);
          marked = true;
          const room = appends.add(line.event, maxAppendBytes(line.event, line.end - bytes));
          if (room !== null) await orRefuse(room);
        }
        events = line.number - 1;
        options.onProgress?.(events, line.end);
        break;
      case "footer":
        await existing?.refuseMore();
        sha256 = line.footer.sha256;
    }
    bytes = line.end;
  }
  await orRefuse(appends.end());
  await readBack(log, after, { events, sha256 }, options);
  await options.mark?.(false);
  return { events, alreadyThere: existing?.count ?? 0, sha256, unreadable: known.unreadable };
}

/**
 * An upper bound of the bytes that an event adds to an append. The log counts data, metadata and two per UTF-16 unit of
 * the type, and the line contains all of that, with the type once. Serialising the event again would only make the
 * number exact.
 */
function maxAppendBytes({ type }: RecordedEvent, lineBytes: number): number {
  return lineBytes + type.length;
}

/**
 * The position after which the export's events belong. Throws TransferRefused when the log does not hold the event
 * before.
 */
async function beginningIn(log: EventStore, { after }: ExportHeader): Promise<Position | null> {
  if (after === null) return null;
  // A copy of an embedded log has the same positions; in any other log the event has to be searched for.
  if ((await log.idAt(after.position)) === after.id) return after.position;
  for await (const event of log.readAll()) if (event.id === after.id) return event.position;
  throw new TransferRefused(
    `the export comes after the event ${after.id}, which this log does not hold: import what is before it first`,
  );
}

/** The types of events that this version of the program cannot read, judged by the first event of each. */
class KnownTypes {
  readonly unreadable: string[] = [];
  readonly #seen = new Set<string>();

  check(event: RecordedEvent): void {
    // A file may contain any number of types.
    if (this.#seen.has(event.type) || this.unreadable.length >= MAX_UNREADABLE_TYPES) return;
    this.#seen.add(event.type);
    try {
      readEvent(event);
    } catch (error) {
      if (!(error instanceof UnreadableEvent)) throw error;
      this.unreadable.push(error.message);
    }
  }
}

async function readBack(
  log: EventStore,
  after: Position | null,
  expected: { readonly events: number; readonly sha256: string },
  { onReadBack, signal }: ImportOptions,
): Promise<void> {
  const digest = new LogDigest();
  for await (const event of log.readAll({ after })) {
    signal?.throwIfAborted();
    digest.add(leafText(event));
    onReadBack?.(digest.events, expected.events);
  }
  if (digest.sha256() === expected.sha256) return;
  throw new TransferRefused(
    `the log does not hold what was imported: ${digest.events} events with the digest ${digest.sha256()},` +
      ` the export has ${expected.events} with ${expected.sha256}; do not use this log`,
  );
}

async function orRefuse(appended: Promise<void>): Promise<void> {
  try {
    await appended;
  } catch (error) {
    if (error instanceof EventTooLarge) throw refusalOfTooLarge(error);
    if (!(error instanceof RevisionConflict)) throw error;
    throw new TransferRefused(
      `${error.message}: the export is damaged or another program writes to this log; do not use this log`,
      { cause: error },
    );
  }
}

function refusalOfTooLarge(error: EventTooLarge): TransferRefused {
  const hint =
    error.limit < MAX_APPEND_BYTES
      ? "raise that limit of the server (--max-append-size) to 1 MiB and import again"
      : "no version of the gateway writes so large an event";
  return new TransferRefused(`${error.message}: ${hint}`, { cause: error });
}
