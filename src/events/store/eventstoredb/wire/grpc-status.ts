/** The codes of gRPC that decide something here (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
export const status = {
  invalidArgument: 3,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The gRPC code of an error, or null. The client throws some errors of the transport as they are, others converted. */
export function codeOf(error: unknown): number | null {
  const code: unknown = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "number" ? code : null;
}

/**
 * Whether the server says that no event begins at the place from which it was to read. It has no code of its own for that:
 * reads of 24.10 fail with UNKNOWN and subscriptions with INVALID_ARGUMENT, and the text tells.
 */
export function isInvalidPosition(error: unknown): boolean {
  return codeOf(error) !== null && /invalid ?position/i.test(reasonOf(error));
}

/** What went wrong, in one line. Some of the client's errors have no message but a type. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ""] = error.message.split("\n");
  if (line !== "") return line;
  return "type" in error ? String(error.type) : error.name;
}
