/** The server cannot be used as the log. The message is one line without secrets: what is wrong, and what to do. */
export class EventStoreUnusable extends Error {
  readonly code = "event_store_unusable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EventStoreUnusable";
  }
}
