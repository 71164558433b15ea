/** A UUID (RFC 9562) of any version as the gateway writes it: in lower case, and with nothing around it. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
