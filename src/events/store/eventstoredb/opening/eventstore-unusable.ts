/** The server cannot be used as the log. The message is one line: what is wrong, and what to do; nothing secret in it. */
export class EventStoreUnusable extends Error {
  readonly code = "event_store_unusable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EventStoreUnusable";
  }
}
