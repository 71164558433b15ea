import { AccessDeniedError } from "@eventstore/db-client";
import { codeOf, reasonOf, status } from "../wire/grpc-status.ts";
import type { TlsAnswer } from "./tls-probe.ts";

/** The first server version that announces when a subscription has caught up. */
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
  /** Whether it may pass by itself: a node is starting, or a cluster has no leader yet. */
  readonly passing: boolean;
  readonly cause: unknown;
}

/** What an error from the first calls to a server means. */
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
    return failure(`the server at the event store's address is not EventStoreDB ${oldest} or later: ${full}`);
  }
  if (/wrong version number|packet length too long/i.test(full)) return failure(WITHOUT_TLS);
  if (/certificate|altname/i.test(full)) return failure(distrusted(reason));
  return failure(
    `the event store cannot be reached: ${reason}; check that it is running, and its address and TLS setting`,
    true,
  );
}

/**
 * Refines a failure with the server's answer to TLS: a server that is contacted the wrong way just closes the
 * connection, as one that is starting does.
 *
 * @param wanted whether the gateway connects over TLS
 * @param answer the server's answer to a TLS greeting
 */
export function withTlsAnswer(failure: OpeningFailure, wanted: boolean, answer: TlsAnswer): OpeningFailure {
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

/** The text of a gRPC error without its prefix. */
function plain(reason: string): string {
  return reason
    .replace(/^\d+ [A-Z_]+: /, "")
    .replace(/^No connection established\. Last error: (Error: )?/, "")
    .replace(/ \(\d{4}-[^)]*Z\)/, "")
    .replace(/[. ]*(Resolution note:)?[. ]*$/, "");
}
