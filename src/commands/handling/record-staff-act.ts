import { staffActStream } from "../../events/staff-acts.ts";
import type { StaffAct } from "../../events/staff-acts.ts";
import type { StreamStore } from "../../events/store/event-store.ts";
import { appendSettled } from "./append-settled.ts";
import { eventsToAppend } from "./command-context.ts";
import type { CommandContext } from "./command-context.ts";

/**
 * Records what staff do, before it is done: what the log does not take does not happen. The append expects nothing,
 * since an act needs no state and each one counts.
 *
 * @throws whatever the store throws
 */
export async function recordStaffAct(store: StreamStore, act: StaffAct, context: CommandContext): Promise<void> {
  await appendSettled(store, staffActStream(act), eventsToAppend([act], context), "any");
}
