import type { FastifyInstance } from "fastify";
import { HttpError } from "../errors.ts";
import type { ParserError } from "./unknown-method.ts";

/** Those that we speak. Node's parser lets HTTP/0.9 and HTTP/2.0 pass as well, and takes a request without a version for 0.9. */
const SPOKEN = new Set(["1.0", "1.1"]);

const OTHER_VERSION = new HttpError("version_not_supported", { headers: { connection: "close" } });

/**
 * Answers 505 (RFC 9110 section 15.6.6) to a request of another version of HTTP, and closes its connection: what follows
 * may be in a form that we would misread. Call it before other hooks are added, because nothing else of it counts.
 */
export function refuseOtherVersions(app: FastifyInstance): void {
  app.addHook("onRequest", ({ raw }, _reply, done) => {
    done(SPOKEN.has(raw.httpVersion) ? undefined : OTHER_VERSION);
  });
}

/** Whether all that is wrong with a request line is its version of HTTP, which the parser did not let pass. */
export function isOtherVersion({ code, reason }: ParserError): boolean {
  // With prior knowledge a client of HTTP/2 sends a preface (RFC 9113 section 3.4), whose version is 2.0.
  return code === "HPE_PAUSED_H2_UPGRADE" || (code === "HPE_INVALID_VERSION" && reason === "Invalid HTTP version");
}
