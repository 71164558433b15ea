/** The code by which `codeOf` recognises it. */
export const TARGET_FORBIDDEN = "TARGET_FORBIDDEN";

/**
 * Deliveries may not go to this target. The error does not name its address, or clients could map a network with it.
 */
export class TargetForbidden extends Error {
  readonly code = TARGET_FORBIDDEN;

  constructor() {
    super("the target is not allowed");
    this.name = "TargetForbidden";
  }
}
