/** Every error that the API answers with: a stable code for us, status and text for the client, and its cure. */
export const ERRORS = {
  /** Send the key that `POST /v1/users` gave, once, in the header X-API-Key. */
  invalid_api_key: { status: 400, error: "Missing or invalid API key" },
  /** Mend what `details.errors` lists. */
  invalid_request: { status: 400, error: "Some fields are missing or invalid" },
  /** A client's key on a route of auditors or operators, or theirs on a client's; use the key that the route is for. */
  key_not_permitted: { status: 403, error: "This API key is not for this route" },
  endpoint_access_denied: { status: 403, error: "Endpoint access denied" },
  not_found: { status: 404, error: "Not found" },
  user_not_found: { status: 404, error: "User not found" },
  delivery_not_found: { status: 404, error: "Delivery not found" },
  /** Its text names the id. */
  endpoint_not_found: { status: 404, error: "Endpoint not found" },
  /** `details.errors` lists the projections that there are. */
  projection_not_found: { status: 404, error: "Projection not found" },
  event_not_found: { status: 404, error: "Event not found" },
  /** `details.errors` says which sizes the tree has had. */
  tree_size_not_found: { status: 404, error: "The audit tree has not had this size" },
  /** The header Allow lists what the path takes. */
  method_not_allowed: { status: 405, error: "Method not allowed" },
  request_timeout: { status: 408, error: "Request timeout" },
  username_taken: { status: 409, error: "Username already exists" },
  email_taken: { status: 409, error: "Email already exists" },
  /** Wait until it is done, or end it with DELETE. */
  rebuild_already_running: { status: 409, error: "This projection is being rebuilt already" },
  rebuild_not_running: { status: 409, error: "This projection is not being rebuilt" },
  /** Enable it first. */
  endpoint_disabled: { status: 409, error: "Endpoint is disabled" },
  /** Delete one that is no longer used; `details.errors` says how many are taken. */
  too_many_endpoints: { status: 409, error: "Too many endpoints" },
  endpoint_already_registered: { status: 409, error: "Endpoint already registered for this user" },
  /** Read the endpoint again, and send its ETag. */
  endpoint_changed: { status: 412, error: "Endpoint does not match If-Match" },
  /** Send less; `details.errors` says how much is taken. */
  payload_too_large: { status: 413, error: "Payload too large" },
  /** Send `Content-Type: application/json` in UTF-8, without a Content-Encoding. */
  unsupported_media_type: { status: 415, error: "Unsupported media type" },
  /** Use another Idempotency-Key for another request. */
  idempotency_key_reused: { status: 422, error: "Idempotency-Key was already used for another request" },
  /** Use the key that `POST /v1/users` gave; from this address no other is looked up before Retry-After. */
  too_many_failed_keys: { status: 429, error: "Too many requests with an invalid API key" },
  /** Wait for Retry-After; `details.errors` says how many are taken. */
  too_many_dispatches: { status: 429, error: "Too many dispatches" },
  /** Wait until some have ended; `details.errors` says how many may be pending. */
  backlog_full: { status: 429, error: "Too many pending deliveries" },
  headers_too_large: { status: 431, error: "Request header fields too large" },
  /** `details.errors` says at which event; an `at` before it is answered. The operator's log has the reason. */
  history_unreadable: { status: 500, error: "The delivery's history cannot be read to its end" },
  unexpected: { status: 500, error: "An unexpected error occurred" },
  /** Use a method that HTTP has. */
  method_not_implemented: { status: 501, error: "Method not implemented" },
  /** Nothing was accepted; send it again after Retry-After. */
  unavailable: { status: 503, error: "Service temporarily unavailable" },
  /** Use HTTP/1.1. */
  version_not_supported: { status: 505, error: "HTTP version not supported" },
} as const satisfies Record<string, { status: number; error: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface HttpErrorOptions {
  /** For `details.errors`. */
  readonly errors?: readonly string[];
  /** Instead of the text in ERRORS, where that has to name something. */
  readonly error?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the program's own log, when the client need not know. */
  readonly reason?: string;
}

/** Ends a request with one of ERRORS. */
export class HttpError extends Error {
  readonly code: ErrorCode;
  readonly options: HttpErrorOptions;

  constructor(code: ErrorCode, options: HttpErrorOptions = {}) {
    super(options.error ?? ERRORS[code].error);
    this.name = "HttpError";
    this.code = code;
    this.options = options;
  }
}

/** The body of an error reply as JSON text, its members in the order of docs/reference/http-api.md. `timestamp` is ISO 8601 UTC. */
export function errorBody(error: HttpError, timestamp: string): string {
  const { errors } = error.options;
  return JSON.stringify({
    error: error.message,
    status_code: ERRORS[error.code].status,
    timestamp,
    ...(errors && errors.length > 0 && { details: { errors } }),
  });
}
