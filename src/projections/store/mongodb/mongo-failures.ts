import { MongoBulkWriteError, MongoError, MongoInvalidArgumentError } from "mongodb";
import { ReadModelsUnavailable } from "../document-store.ts";

/** The server's code for wrong credentials. */
const AUTHENTICATION_FAILED = 18;
/** The server's code for a missing right or missing credentials. */
const UNAUTHORIZED = 13;

/**
 * The error for the caller: ReadModelsUnavailable for failures of the server or the connection. The program's own
 * errors (a document that is too large, a value that cannot be stored) stay as they are.
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

/**
 * Node's error of a socket (EPIPE, ERR_STREAM_DESTROYED), which the driver passes on when the server goes away during a
 * write.
 */
function isFromConnection(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false;
  return "code" in error && typeof error.code === "string" && /^E[A-Z]/.test(error.code);
}

/**
 * Why a server cannot be used, in one line for the operator. It repeats nothing of the address except host names and
 * ports, because anything in an invalid address may be the password.
 *
 * @param reading whether the error came from parsing the address, before any connection
 */
export function whyUnusable(error: unknown, reading: boolean): string {
  if (reading || error instanceof MongoInvalidArgumentError) {
    return "the address of MongoDB cannot be used: it is not well formed (mongodb://user:password@host:27017/database, with special characters percent-encoded)";
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof MongoError ? error.code : undefined;
  const [line = ""] = message.split("\n");
  if (code === AUTHENTICATION_FAILED || code === UNAUTHORIZED || /authentication failed|requires auth/i.test(line)) {
    return "MongoDB refuses the credentials: set the user:password@ of a user who may read and write the database";
  }
  if (/wire version/i.test(line)) return `MongoDB is too old for this program: ${line}`;
  return `MongoDB cannot be reached: ${line}; check that it is running, that the address is right, and that tls=true is set only if it uses TLS`;
}
