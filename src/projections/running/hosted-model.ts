import type { AnyProjection } from "../projection.ts";
import type { GenerationBuilder } from "../rebuilding/generation-builder.ts";
import type { GenerationId } from "../rebuilding/generations.ts";

/** One read model and what this process does about it. */
export interface HostedModel {
  readonly projection: AnyProjection;
  /** What readers see of it. */
  live: GenerationId;
  /** What makes it again beside the live one; null: nothing does. */
  builder: GenerationBuilder | null;
  /** Whether it reads the log by itself: it is not where the others of its category are, and they do not go back. */
  apart: boolean;
}

/** A read model about which nothing is known yet: its first generation is live. */
export function hostedModel(projection: AnyProjection): HostedModel {
  return { projection, live: { version: projection.version, generation: 0 }, builder: null, apart: false };
}

/** Whether the live generation was made by this version of the fold, so that this process keeps it up with the log. */
export function isOfThisVersion({ projection, live }: HostedModel): boolean {
  return live.version === projection.version;
}
