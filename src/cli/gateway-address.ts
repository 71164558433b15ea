import type { Config } from "../config.ts";
import { UsageError } from "./subcommand.ts";

/** Where a gateway with this configuration is reached on its own machine. */
export function addressOf({ host, port }: Pick<Config, "host" | "port">): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * Reads the `--url` of a gateway, which may have a path before those of the API.
 *
 * @returns it without a slash at its end
 * @throws UsageError, which never repeats it: there may be a password in it
 */
export function addressFrom(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new UsageError("--url needs an http:// or https:// address such as http://127.0.0.1:8080");
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("--url must have no user and no password in it; the operator's key is all that is sent");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
