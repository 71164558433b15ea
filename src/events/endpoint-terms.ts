import { z } from "zod";

/** Where an endpoint is. A deleted one is shown to nobody. */
export const endpointStatus = z.enum(["enabled", "disabled", "deleted"]);
export type EndpointStatus = z.infer<typeof endpointStatus>;

/** Why no attempt is made: its owner requested it, it answered 410, or it failed for too long. */
export const disablingReason = z.enum(["requested", "gone", "failing"]);
export type DisablingReason = z.infer<typeof disablingReason>;
