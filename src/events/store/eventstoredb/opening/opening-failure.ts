import { AccessDeniedError } from "@eventstore/db-client";
import { codeOf, reasonOf, status } from "../wire/grpc-status.ts";
import type { TlsAnswer } from "./tls-look.ts";

/** The first line of servers that say when a subscription has caught up. */
export const OLDEST_SERVER = [23, 10] as const;

const WITHOUT_TLS =
  "the event store cannot be reached: it does not use TLS; add ?tls=false to its address, or have it use TLS";
const WITH_TLS =
  "the event store cannot be reached: it uses TLS; remove ?tls=false from its address, and add user:password@ and tlsCAFile";

/** Why a server could not be opened. */
export interface OpeningFailure {
  /** One line for the operator: what is wrong, and what to do. */
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
  if (/wrong version number|packet length too long/i.test(full)) return failure(WITHOUT_TLS);
  if (/certificate|altname/i.test(full)) return failure(distrusted(reason));
  return failure(
    `the event store cannot be reached: ${reason}; is it running, is the address right, and TLS as it wants it?`,
    true,
  );
}

/**
 * The same failure, when it was looked how the server answers to TLS: one that is spoken to in the wrong way closes the
 * connection, as one does that is just starting.
 *
 * @param wanted whether it is spoken to over TLS
 * @param answer what it answers to the first words of TLS
 */
export function lookedForTls(failure: OpeningFailure, wanted: boolean, answer: TlsAnswer): OpeningFailure {
  const final = (message: string): OpeningFailure => ({ ...failure, message, passing: false });
  if (wanted && answer.kind === "plain") return final(WITHOUT_TLS);
  if (answer.kind !== "tls") return failure;
  if (!wanted) return final(WITH_TLS);
  return answer.distrust === null ? failure : final(distrusted(answer.distrust));
}

function distrusted(reason: string): string {
  const advice = "name the authority's certificate with ?tlsCAFile=, and the host as the certificate does";
  return `the event store cannot be reached: its certificate is not accepted (${reason}); ${advice}`;
}

/** What gRPC says, without what only tells where it says so. */
function plain(reason: string): string {
  return reason
    .replace(/^\d+ [A-Z_]+: /, "")
    .replace(/^No connection established\. Last error: (Error: )?/, "")
    .replace(/ \(\d{4}-[^)]*Z\)/, "")
    .replace(/[. ]*(Resolution note:)?[. ]*$/, "");
}
