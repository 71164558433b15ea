import type { AnyProjection } from "../projection.ts";
import type { GenerationBuilder } from "../rebuilding/generation-builder.ts";
import type { GenerationId } from "../rebuilding/generations.ts";

/** A read model, and what this process does with it. */
export interface HostedModel {
  readonly projection: AnyProjection;
  /** The generation that readers see. */
  live: GenerationId;
  /** Builds a new generation beside the live one; null: none is being built. */
  builder: GenerationBuilder | null;
  /** Whether it reads the log by itself, because it is not yet where the others of its category are. */
  apart: boolean;
}

/** A read model before anything is known about it: its first generation is live. */
export function hostedModel(projection: AnyProjection): HostedModel {
  return { projection, live: { version: projection.version, generation: 0 }, builder: null, apart: false };
}

/** Whether the live generation was made by this version of the fold, so that this process keeps it up with the log. */
export function isOfThisVersion({ projection, live }: HostedModel): boolean {
  return live.version === projection.version;
}
