/**
 * The server cannot be used for the read models. The message is one line without secrets: what is wrong, and what to
 * do.
 */
export class ReadModelsUnusable extends Error {
  readonly code = "read_models_unusable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReadModelsUnusable";
  }
}
