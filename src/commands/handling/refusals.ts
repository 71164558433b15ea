/** Why a command was refused. A stable code; what a client reads is decided where HTTP is spoken. */
export type RefusalCode =
  | "username_taken"
  | "email_taken"
  | "endpoint_already_registered"
  | "endpoint_not_found"
  | "endpoint_access_denied"
  | "endpoint_changed"
  | "idempotency_key_reused";

/** A command that breaks a rule of the business. Nothing was changed. */
export class CommandRefused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode) {
    super(code);
    this.name = "CommandRefused";
    this.code = code;
  }
}
