import { z } from "zod";

/** Where the runner of a projection is. `outdated`: what is live was made by an earlier version. */
export const projectionState = z.enum(["catching_up", "live", "outdated", "faulted"]);
export type ProjectionState = z.infer<typeof projectionState>;

/** Where a rebuild is. */
export const rebuildPhase = z.enum(["filling", "comparing", "faulted"]);
export type RebuildPhase = z.infer<typeof rebuildPhase>;

/** Where a projection is, as operators see it. */
export const shownState = z.enum([...projectionState.options, "rebuilding"]);
