/** The gRPC codes that matter here (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
export const status = {
  invalidArgument: 3,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The gRPC code of an error, or null. The client passes on some errors of the transport and converts others. */
export function codeOf(error: unknown): number | null {
  const code: unknown = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "number" ? code : null;
}

/**
 * Whether the server refused a place to read from because no event begins there. There is no code for that: in 24.10
 * reads fail with UNKNOWN and subscriptions with INVALID_ARGUMENT, so the text decides.
 */
export function isInvalidPosition(error: unknown): boolean {
  return codeOf(error) !== null && /invalid ?position/i.test(reasonOf(error));
}

/** An error in one line. Some of the client's errors have a type but no message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ""] = error.message.split("\n");
  if (line !== "") return line;
  return "type" in error ? String(error.type) : error.name;
}
