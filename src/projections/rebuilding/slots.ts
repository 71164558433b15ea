import { positionOf } from "../../events/store/position.ts";
import type { ReadModel } from "../projection.ts";
import type { CollectionDefinition, DocumentStore, StoredDocument } from "../store/document-store.ts";

/** One fill of a read model: which version of the fold made it, and which of several fills of that version it is. */
export interface Slot {
  readonly version: number;
  readonly generation: number;
}

/**
 * Which fill of a read model is shown, which one is being made beside it, and which were shown before and are not yet
 * removed. `position` counts the changes of this document, so that its guard works as for every other.
 */
export interface Slots extends StoredDocument {
  readonly live: Slot;
  readonly building: Slot | null;
  readonly retired: readonly Slot[];
}

/** What of it a change decides. */
export type SlotsContent = Pick<Slots, "live" | "building" | "retired">;

/** The small documents, one a read model, that say what is live. */
export const SLOTS: CollectionDefinition = { name: "projection_slots", indexes: [] };

/** How often a change is tried again when somebody else changed the document meanwhile. */
const TRIES = 20;

/** What a read model has when nothing was written down: its first fill. */
export function firstSlots({ version }: Pick<ReadModel, "version">): SlotsContent {
  return { live: { version, generation: 0 }, building: null, retired: [] };
}

/** Begins another fill beside the live one, by this version of the fold; one that is being made already is kept. */
export function beginBuilding(slots: SlotsContent, { version }: Pick<ReadModel, "version">): SlotsContent {
  if (slots.building?.version === version) return slots;
  const known = [slots.live, ...slots.retired, ...(slots.building === null ? [] : [slots.building])];
  const generation = Math.max(...known.map((slot) => slot.generation)) + 1;
  const given = slots.building === null ? [] : [slots.building];
  return { ...slots, building: { version, generation }, retired: [...slots.retired, ...given] };
}

/** Shows the new fill instead of the old one, which is to be removed. */
export function switchOver(slots: SlotsContent): SlotsContent {
  if (slots.building === null) return slots;
  return { live: slots.building, building: null, retired: [...slots.retired, slots.live] };
}

/** Gives the new fill up; it is to be removed. */
export function abandonRebuild(slots: SlotsContent): SlotsContent {
  if (slots.building === null) return slots;
  return { ...slots, building: null, retired: [...slots.retired, slots.building] };
}

/** A fill that was to be removed is. */
export function forget(slots: SlotsContent, removed: Slot): SlotsContent {
  return { ...slots, retired: slots.retired.filter((slot) => !isSameSlot(slot, removed)) };
}

/** Whether two slots are one. */
export function isSameSlot(a: Slot, b: Slot): boolean {
  return a.version === b.version && a.generation === b.generation;
}

/** The slots of these read models as they are written down, by name; those that are not are left out. */
export async function loadSlots(
  documents: DocumentStore,
  models: readonly Pick<ReadModel, "name">[],
): Promise<ReadonlyMap<string, Slots>> {
  const names = models.map(({ name }) => name);
  const found = await documents.load<Slots>(SLOTS, names);
  return new Map(found.map((slots) => [slots._id, slots]));
}

/**
 * Changes the slots of a read model, against whatever others do to them at the same time.
 *
 * @param change gives the same object when there is nothing to change
 * @returns the slots as they are now
 * @throws what the document store throws
 */
export async function changeSlots(
  documents: DocumentStore,
  model: Pick<ReadModel, "name" | "version">,
  change: (slots: SlotsContent) => SlotsContent,
): Promise<SlotsContent> {
  for (let tries = 0; tries < TRIES; tries++) {
    const stored = (await loadSlots(documents, [model])).get(model.name) ?? null;
    const before: SlotsContent = stored ?? firstSlots(model);
    const after = change(before);
    // The first fill is written down too, so that a later version of the fold is known for what it is.
    if (after === before && stored !== null) return before;
    const position = positionOf(stored === null ? 1n : BigInt(stored.position) + 1n);
    const { live, building, retired } = after;
    const next: Slots = { _id: model.name, position, live, building, retired };
    const write = { id: model.name, expected: stored?.position ?? null, next };
    if ((await documents.write(SLOTS, [write], null)).length === 0) return after;
  }
  throw new Error(`the slots of ${model.name} kept being changed by others`);
}
