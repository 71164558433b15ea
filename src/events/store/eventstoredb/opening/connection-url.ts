import type { Credentials } from "@eventstore/db-client";
import { EventStoreUnusable } from "./eventstore-unusable.ts";

/** The URL options that the client (6.2) knows. It logs the whole URL when it meets another. */
const OPTIONS = [
  ...[
    "connectionName",
    "defaultDeadline",
    "discoveryInterval",
    "gossipTimeout",
    "keepAliveInterval",
    "keepAliveTimeout",
  ],
  ...["maxDiscoverAttempts", "nodePreference", "throwOnAppendFailure", "tls", "tlsCAFile", "tlsVerifyCert"],
  ...["userCertFile", "userKeyFile"],
];

const DEFAULT_PORT = "2113";
const SHAPE = /^esdb(?:\+discover)?:\/\/(?:([^:@/?]+):([^@/?]+)@)?([^@/?]+)\/?(?:\?(.*))?$/;

/**
 * The credentials of the URL. Every append passes them: without any, the client would send it over a stream shared by
 * all appends of the process, where one failure can leave others unanswered for ever. Without TLS they are never sent,
 * so any credentials will do.
 *
 * @throws EventStoreUnusable for a URL that the client would misread, or whose secrets it would print
 */
export function credentialsOf(url: string): Credentials {
  const { username, password, options } = partsOf(url);
  for (const name of options.keys()) {
    if (name !== "" && !OPTIONS.some((known) => flat(known) === flat(name))) {
      throw refused(`the option ${name} is unknown (known: ${OPTIONS.join(", ")})`);
    }
    if (flat(name) === flat("tlsVerifyCert") && options.get(name) === "false") {
      throw refused("tlsVerifyCert=false is not supported: name the authority's certificate with tlsCAFile");
    }
  }
  if (username !== undefined && password !== undefined) return decoded(username, password);
  if (hasTls(options)) throw refused("it needs user:password@ before the host, or ?tls=false");
  return { username: "anonymous", password: "anonymous" };
}

/** A server, and how to connect to it. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The file with the certificate of the authority to trust; undefined: the system's authorities. */
  readonly caFile: string | undefined;
}

/** The first server that the URL names. Throws EventStoreUnusable like `credentialsOf`. */
export function firstServerOf(url: string): ServerAddress {
  const { hosts, options } = partsOf(url);
  const [, host = "", port = DEFAULT_PORT] = /^([^,]*?)(?::(\d+))?(?:,|$)/.exec(hosts) ?? [];
  const [, caFile] = [...options].find(([name]) => flat(name) === flat("tlsCAFile")) ?? [];
  return { host, port: Number(port), tls: hasTls(options), caFile };
}

function partsOf(url: string): {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly hosts: string;
  readonly options: ReadonlyMap<string, string>;
} {
  const match = SHAPE.exec(url.trim());
  if (match === null) {
    throw refused(
      "it must be esdb://user:password@host:2113 or esdb+discover://…, with @ : / ? in them as %40 %3A %2F %3F",
    );
  }
  const [, username, password, hosts = "", query = ""] = match;
  return { username, password, hosts, options: new Map(query.split("&").map((option) => splitAt(option, "="))) };
}

function hasTls(options: ReadonlyMap<string, string>): boolean {
  return ![...options].some(([name, value]) => flat(name) === "tls" && value === "false");
}

function decoded(username: string, password: string): Credentials {
  // The client takes the text between the first two colons as the password.
  if (password.includes(":")) throw refused("a colon in the password must be written as %3A");
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw refused("a percent sign in the user or the password must be written as %25");
  }
}

function splitAt(text: string, separator: string): [string, string] {
  const [name = "", ...rest] = text.split(separator);
  return [name, rest.join(separator)];
}

/** Normalises an option's name as the client does. */
function flat(name: string): string {
  return name.trim().toLowerCase().replaceAll(/[_-]/g, "");
}

function refused(reason: string): EventStoreUnusable {
  return new EventStoreUnusable(`the address of the event store cannot be used: ${reason}`);
}
