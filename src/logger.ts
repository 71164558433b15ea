/** The token under which the container registers the logger (pino). */
export const LOGGER = Symbol("Logger");
