import { MongoBulkWriteError, MongoError, MongoInvalidArgumentError } from "mongodb";
import { ReadModelsUnavailable } from "../document-store.ts";

/** The server's code for credentials that are wrong. */
const AUTHENTICATION_FAILED = 18;
/** The server's code for who may not do what was asked, also without credentials. */
const UNAUTHORIZED = 13;

/**
 * The error that a caller gets: ReadModelsUnavailable for all that the server or the way to it did, and an error of the
 * program's own (a document that is too large, a value that cannot be stored) as it is.
 */
export function portError(error: unknown): unknown {
  if (!isFromDriver(error) && !isFromConnection(error)) return error;
  const [line = ""] = error.message.split("\n");
  const what = error instanceof MongoBulkWriteError ? "did not take all of a batch" : "does not answer as it should";
  return new ReadModelsUnavailable(`MongoDB ${what}: ${line}`, { cause: error });
}

function isFromDriver(error: unknown): error is MongoError {
  return error instanceof MongoError && !(error instanceof MongoInvalidArgumentError);
}

/** What Node says of a socket (EPIPE, ERR_STREAM_DESTROYED): the driver lets it through when the server goes while it writes. */
function isFromConnection(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false;
  return "code" in error && typeof error.code === "string" && /^E[A-Z]/.test(error.code);
}

/**
 * Why a server cannot be used, in one line for the operator. Holds nothing of the address but the names and ports
 * of its hosts: an address that is not understood is not repeated, since anything in it may be the password.
 *
 * @param reading the error came from reading the address, before anything was asked
 */
export function whyUnusable(error: unknown, reading: boolean): string {
  if (reading || error instanceof MongoInvalidArgumentError) {
    return "the address of MongoDB cannot be used: it is not well formed (mongodb://user:password@host:27017/database, with special characters percent-encoded)";
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof MongoError ? error.code : undefined;
  const [line = ""] = message.split("\n");
  if (code === AUTHENTICATION_FAILED || code === UNAUTHORIZED || /authentication failed|requires auth/i.test(line)) {
    return "MongoDB refuses the credentials: set the user:password@ of somebody who may read and write the database";
  }
  if (/wire version/i.test(line)) return `MongoDB is too old for this program: ${line}`;
  return `MongoDB cannot be reached: ${line}; is it running, is the address right, and does it speak TLS just when the address says tls=true?`;
}
