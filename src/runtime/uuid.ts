/** A UUID (RFC 9562) of any version as the gateway writes it: in lower case, and with nothing around it. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The UUID that a client gave in a path or a query, as the gateway writes it: clients may write it in any case (RFC 9562
 * section 4). Null for any other text.
 */
export function uuidOf(text: string): string | null {
  const uuid = text.toLowerCase();
  return UUID.test(uuid) ? uuid : null;
}
