import { z } from "zod";

const time = z.iso.datetime();

/** How much a pause covers. */
export const pauseScopeKind = z.enum(["all", "user", "endpoint"]);
export type PauseScopeKind = z.infer<typeof pauseScopeKind>;

const scope = {
  scope: pauseScopeKind,
  /** The user of the scope `user`; else null. */
  userId: z.int().positive().nullable(),
  /** The endpoint of the scope `endpoint`; else null. */
  endpointId: z.int().positive().nullable(),
};

/** No attempts begin in this scope until it is resumed. What falls due is held. */
export const deliveriesPausedData = z.object({ ...scope, reason: z.string().min(1), pausedAt: time });

/** Attempts go on in this scope, unless another pause covers it too. The reason was not asked for, so it may be null. */
export const deliveriesResumedData = z.object({ ...scope, reason: z.string().min(1).nullable(), resumedAt: time });

type Event<T extends string, S extends z.ZodType> = { readonly type: T; readonly data: Readonly<z.infer<S>> };

export type DeliveriesPaused = Event<"DeliveriesPaused", typeof deliveriesPausedData>;
export type DeliveriesResumed = Event<"DeliveriesResumed", typeof deliveriesResumedData>;
export type PauseEvent = DeliveriesPaused | DeliveriesResumed;

/** What a pause covers: everything, one user, or one endpoint. */
export type PauseScope = Pick<DeliveriesPaused["data"], keyof typeof scope>;

/** The scope of everything. */
export const EVERYTHING: PauseScope = { scope: "all", userId: null, endpointId: null };

/** The scope of one user: all of its endpoints, later ones too. */
export function scopeOfUser(userId: number): PauseScope {
  return { scope: "user", userId, endpointId: null };
}

/** The scope of one endpoint. */
export function scopeOfEndpoint(endpointId: number): PauseScope {
  return { scope: "endpoint", userId: null, endpointId };
}

/** The name of a scope: `all`, `user.<n>` or `endpoint.<n>`. */
export function scopeName({ scope: kind, userId, endpointId }: PauseScope): string {
  const id = userId ?? endpointId;
  return id === null ? kind : `${kind}.${id}`;
}

/** The stream of a scope's pauses. */
export function pauseStream(of: PauseScope): string {
  return `pause-${scopeName(of)}`;
}

/** What the events of one scope mean for what may happen next. */
export interface Pause {
  readonly inForce: boolean;
}

/**
 * The scope's pause after one more event; null before its first.
 *
 * @throws Error when the event cannot follow: the stream does not tell a pause's story.
 */
export function evolvePause(pause: Pause | null, event: PauseEvent): Pause {
  const paused = pause?.inForce === true;
  switch (event.type) {
    case "DeliveriesPaused":
      if (paused) throw new Error("a scope is paused once");
      return { inForce: true };
    case "DeliveriesResumed":
      if (!paused) throw new Error("a scope is resumed that is not paused");
      return { inForce: false };
  }
}
