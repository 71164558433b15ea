/** The header Retry-After (RFC 9110 section 10.2.3) in whole seconds, never before `waitMs` is over and at least 1. */
export function retryAfter(waitMs: number): { readonly "retry-after": string } {
  return { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1_000))) };
}
