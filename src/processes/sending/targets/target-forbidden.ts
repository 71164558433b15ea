/** What `codeOf` knows it by. */
export const TARGET_FORBIDDEN = "TARGET_FORBIDDEN";

/** The target is none that deliveries may go to. It does not say which address it has: a client could map a network so. */
export class TargetForbidden extends Error {
  readonly code = TARGET_FORBIDDEN;

  constructor() {
    super("the target is not allowed");
    this.name = "TargetForbidden";
  }
}
