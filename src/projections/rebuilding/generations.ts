import { positionOf } from "../../events/store/position.ts";
import type { ReadModel } from "../projection.ts";
import type { CollectionDefinition, DocumentStore, StoredDocument } from "../store/document-store.ts";

/** Names a generation: the version of the fold that makes it, and its number among the generations of all versions. */
export interface GenerationId {
  readonly version: number;
  readonly generation: number;
}

/**
 * Which generation of a read model is shown, which one is being made beside it, and which were shown before and are not yet
 * removed. `position` counts the changes of this document, so that its guard works as for every other.
 */
export interface Generations extends StoredDocument {
  readonly live: GenerationId;
  readonly building: GenerationId | null;
  readonly retired: readonly GenerationId[];
}

/** What of it a change decides. */
export type GenerationsContent = Pick<Generations, "live" | "building" | "retired">;

/** The small documents, one a read model, that say what is live. The collection keeps the name that its first version had. */
export const GENERATIONS: CollectionDefinition = { name: "projection_slots", indexes: [] };

/** How often a change is tried again when somebody else changed the document meanwhile. */
const TRIES = 20;

/** What a read model has when nothing was written down: its first generation. */
export function firstGenerations({ version }: Pick<ReadModel, "version">): GenerationsContent {
  return { live: { version, generation: 0 }, building: null, retired: [] };
}

/** Begins another generation beside the live one, by this version of the fold; one that is being made already is kept. */
export function beginBuilding(
  generations: GenerationsContent,
  { version }: Pick<ReadModel, "version">,
): GenerationsContent {
  if (generations.building?.version === version) return generations;
  const known = [
    generations.live,
    ...generations.retired,
    ...(generations.building === null ? [] : [generations.building]),
  ];
  const generation = Math.max(...known.map(({ generation: number }) => number)) + 1;
  const given = generations.building === null ? [] : [generations.building];
  return { ...generations, building: { version, generation }, retired: [...generations.retired, ...given] };
}

/** Shows the new generation instead of the old one, which is to be removed. */
export function switchOver(generations: GenerationsContent): GenerationsContent {
  if (generations.building === null) return generations;
  return { live: generations.building, building: null, retired: [...generations.retired, generations.live] };
}

/** Gives up the new generation, which is to be removed. */
export function abandonRebuild(generations: GenerationsContent): GenerationsContent {
  if (generations.building === null) return generations;
  return { ...generations, building: null, retired: [...generations.retired, generations.building] };
}

/** Forgets a generation that has been removed. */
export function forget(generations: GenerationsContent, removed: GenerationId): GenerationsContent {
  return { ...generations, retired: generations.retired.filter((id) => !isSameGeneration(id, removed)) };
}

/** Whether both name the same generation. */
export function isSameGeneration(a: GenerationId, b: GenerationId): boolean {
  return a.version === b.version && a.generation === b.generation;
}

/** The generations of these read models as they are written down, by name; those that are not are left out. */
export async function loadGenerations(
  documents: DocumentStore,
  models: readonly Pick<ReadModel, "name">[],
): Promise<ReadonlyMap<string, Generations>> {
  const names = models.map(({ name }) => name);
  const found = await documents.load<Generations>(GENERATIONS, names);
  return new Map(found.map((generations) => [generations._id, generations]));
}

/**
 * Changes the generations of a read model, against whatever others do to them at the same time.
 *
 * @param change gives the same object when there is nothing to change
 * @returns the generations as they are now
 * @throws what the document store throws
 */
export async function changeGenerations(
  documents: DocumentStore,
  model: Pick<ReadModel, "name" | "version">,
  change: (generations: GenerationsContent) => GenerationsContent,
): Promise<GenerationsContent> {
  for (let tries = 0; tries < TRIES; tries++) {
    const stored = (await loadGenerations(documents, [model])).get(model.name) ?? null;
    const before: GenerationsContent = stored ?? firstGenerations(model);
    const after = change(before);
    // The first generation is written down too, so that a later version of the fold is known for what it is.
    if (after === before && stored !== null) return before;
    const position = positionOf(stored === null ? 1n : BigInt(stored.position) + 1n);
    const { live, building, retired } = after;
    const next: Generations = { _id: model.name, position, live, building, retired };
    const write = { id: model.name, expected: stored?.position ?? null, next };
    if ((await documents.write(GENERATIONS, [write], null)).length === 0) return after;
  }
  throw new Error(`the generations of ${model.name} kept being changed by others`);
}
