import { sequenceStream } from "../../events/sequence.ts";
import type { NumberTaken } from "../../events/sequence.ts";
import { numberOf } from "../../events/store/position.ts";
import { appendSettled } from "../handling/append-settled.ts";
import { eventsToAppend } from "../handling/command-context.ts";
import type { CommandContext } from "../handling/command-context.ts";
import type { StreamStore } from "../../events/store/event-store.ts";

/**
 * Takes the next public number of a kind, from 1. The only append that expects nothing: its revision is the number. A
 * number that is taken and then not used stays a gap.
 *
 * @param takenAt ISO 8601 UTC
 * @throws whatever the store throws
 */
export async function takeNumber(
  store: StreamStore,
  of: "user" | "endpoint",
  takenAt: string,
  context: CommandContext,
): Promise<number> {
  const event: NumberTaken = { type: "NumberTaken", data: { takenAt } };
  const events = eventsToAppend([event], context, "number-");
  const { revision } = await appendSettled(store, sequenceStream(of), events, "any");
  return numberOf(revision) + 1;
}
