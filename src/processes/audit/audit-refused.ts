/** The events to verify, or what to compare them with, cannot be used. The message is one line. */
export class AuditRefused extends Error {
  readonly code = "audit_refused";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AuditRefused";
  }
}
