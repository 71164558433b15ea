/**
 * An export or import cannot continue. The message is one line: what is wrong and where, and what to do if anything
 * helps.
 */
export class TransferRefused extends Error {
  readonly code = "transfer_refused";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransferRefused";
  }
}
