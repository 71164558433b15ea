import { positionOf } from "../../events/store/position.ts";
import type { ReadModel } from "../projection.ts";
import type { CollectionDefinition, DocumentStore, StoredDocument } from "../store/document-store.ts";

/**
 * Names a generation by the version of the fold that makes it, and its number among the generations of all versions.
 */
export interface GenerationId {
  readonly version: number;
  readonly generation: number;
}

/**
 * Which generation of a read model is live, which one is being built beside it, and which were live before and are not
 * yet removed. `position` counts the changes of this document, so that it can be guarded like any other.
 */
export interface Generations extends StoredDocument {
  readonly live: GenerationId;
  readonly building: GenerationId | null;
  readonly retired: readonly GenerationId[];
}

/** The fields that a change decides. */
export type GenerationsContent = Pick<Generations, "live" | "building" | "retired">;

/** One small document per read model, which names its live generation. The collection keeps its original name. */
export const GENERATIONS: CollectionDefinition = { name: "projection_slots", indexes: [] };

/** How often a change is tried again after another process changed the document. */
const TRIES = 20;

/** The generations of a read model for which none are stored: only its first. */
export function firstGenerations({ version }: Pick<ReadModel, "version">): GenerationsContent {
  return { live: { version, generation: 0 }, building: null, retired: [] };
}

/** Adds a generation made by this version of the fold. Keeps one that is already being built. */
export function beginRebuild(
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

/** Makes the new generation live, and retires the old one. */
export function switchOver(generations: GenerationsContent): GenerationsContent {
  if (generations.building === null) return generations;
  return { live: generations.building, building: null, retired: [...generations.retired, generations.live] };
}

/** Abandons the new generation, and retires it. */
export function abandonRebuild(generations: GenerationsContent): GenerationsContent {
  if (generations.building === null) return generations;
  return { ...generations, building: null, retired: [...generations.retired, generations.building] };
}

/** Forgets a generation that has been removed. */
export function forget(generations: GenerationsContent, removed: GenerationId): GenerationsContent {
  return { ...generations, retired: generations.retired.filter((id) => !isSameGeneration(id, removed)) };
}

export function isSameGeneration(a: GenerationId, b: GenerationId): boolean {
  return a.version === b.version && a.generation === b.generation;
}

/** The stored generations of these read models, by name; models without stored ones are left out. */
export async function loadGenerations(
  documents: DocumentStore,
  models: readonly Pick<ReadModel, "name">[],
): Promise<ReadonlyMap<string, Generations>> {
  const names = models.map(({ name }) => name);
  const found = await documents.load<Generations>(GENERATIONS, names);
  return new Map(found.map((generations) => [generations._id, generations]));
}

/**
 * Changes the generations of a read model, safely against concurrent changes by others.
 *
 * @param change returns the same object when there is nothing to change
 * @returns the generations after the change
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
    // Store the first generation too, so that a later version of the fold recognises its version.
    if (after === before && stored !== null) return before;
    const position = positionOf(stored === null ? 1n : BigInt(stored.position) + 1n);
    const { live, building, retired } = after;
    const next: Generations = { _id: model.name, position, live, building, retired };
    const write = { id: model.name, expected: stored?.position ?? null, next };
    if ((await documents.write(GENERATIONS, [write], null)).length === 0) return after;
  }
  throw new Error(`others kept changing the generations of ${model.name}`);
}
