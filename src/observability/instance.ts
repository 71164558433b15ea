import { randomUUID } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { token } from "../runtime/token.ts";

/** The token under which the container registers the instance. */
export const INSTANCE = token<Instance>("Instance");

/** One running gateway, as others tell it apart. */
export interface Instance {
  /** A UUID, another one at each start. The ticks that this instance takes have it too. */
  readonly id: string;
  readonly version: string;
  readonly revision: string;
  /** How long it has been running, in whole seconds. */
  uptimeSeconds(): number;
}

/** This process, which starts now, of a build. */
export function startedInstance(
  clock: Pick<Clock, "monotonic">,
  build: Pick<Instance, "version" | "revision">,
): Instance {
  const startedAt = clock.monotonic();
  return {
    id: randomUUID(),
    ...build,
    uptimeSeconds: () => Math.floor((clock.monotonic() - startedAt) / 1_000),
  };
}
