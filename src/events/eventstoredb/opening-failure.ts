import { AccessDeniedError } from "@eventstore/db-client";
import { codeOf, reasonOf, status } from "./grpc-status.ts";

/** The first line of servers that say when a subscription has caught up. */
export const OLDEST_SERVER = [23, 10] as const;

/** Why a server could not be opened. */
export interface OpeningFailure {
  /** One line for whoever configured it: what is wrong, and what to do. */
  readonly message: string;
  /** What went wrong, in a few words. */
  readonly reason: string;
  /** Whether it may come right by itself: a node that starts, a cluster that has no leader yet. */
  readonly passing: boolean;
  readonly cause: unknown;
}

/** What an error of the first questions to a server means. */
export function openingFailureOf(error: unknown): OpeningFailure {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const full = reasonOf(cause);
  const reason = plain(full);
  const failure = (message: string, passing = false): OpeningFailure => ({ message, reason, passing, cause });
  const code = codeOf(cause);
  if (
    cause instanceof AccessDeniedError ||
    code === status.permissionDenied ||
    code === status.unauthenticated ||
    /^(7 PERMISSION_DENIED|16 UNAUTHENTICATED)/.test(full)
  ) {
    return failure(
      "the event store refuses the credentials: set the right user:password@ in its address, " +
        "of a user who may read $all and write",
    );
  }
  if (/UNIMPLEMENTED|Received HTTP status code/.test(full)) {
    const oldest = OLDEST_SERVER.join(".");
    return failure(`what answers at the address of the event store is no EventStoreDB of ${oldest} or later: ${full}`);
  }
  if (/wrong version number|packet length too long/i.test(full)) {
    return failure(
      "the event store cannot be reached: it does not use TLS; add ?tls=false to its address, or have it use TLS",
    );
  }
  if (/certificate|altname/i.test(full)) {
    const advice = "name the authority's certificate with ?tlsCAFile=, and the host as the certificate does";
    return failure(`the event store cannot be reached: its certificate is not accepted (${reason}); ${advice}`);
  }
  return failure(
    `the event store cannot be reached: ${reason}; is it running, is the address right, and TLS as it wants it?`,
    true,
  );
}

/** What gRPC says, without what only tells where it says so. */
function plain(reason: string): string {
  return reason
    .replace(/^\d+ [A-Z_]+: /, "")
    .replace(/^No connection established\. Last error: (Error: )?/, "")
    .replace(/ \(\d{4}-[^)]*Z\)/, "")
    .replace(/[. ]*(Resolution note:)?[. ]*$/, "");
}
