import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { NameResolver } from "./name-resolver.ts";
import { TargetForbidden } from "./target-forbidden.ts";
import type { TargetRules } from "./target-rules.ts";

/**
 * How long one of several addresses may delay the next, in ms. Enough for a receiver on the other side of the world.
 */
const NEXT_ADDRESS_AFTER_MS = 2_000;

export interface TargetGuardOptions {
  readonly rules: Pick<TargetRules, "judgeAddress">;
  readonly resolver: NameResolver;
  /** Ends a lookup, or a connection that is being made. */
  readonly signal: AbortSignal;
  /** Further options for the connection. Those that decide its address are overridden. */
  readonly connect: buildConnector.BuildOptions;
}

/**
 * A connector that connects only to addresses that the rules allow (docs/reference/targets.md): the address in the URL,
 * or all current addresses of its name. If one of them is forbidden, it dials none, because the next lookup could lead
 * to that one. It dials exactly the addresses that were judged, without another lookup. The certificate is still
 * checked against the name. For one connection at a time.
 */
export function guardedConnector({ rules, resolver, signal, connect }: TargetGuardOptions): buildConnector.connector {
  let judged: readonly string[] = [];
  const lookup: LookupFunction = (_name, { all }, callback) => {
    const addresses = judged.map((address) => ({ address, family: isIP(address) }));
    const [first = { address: "", family: 0 }] = addresses;
    if (all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  };
  const dial = buildConnector({
    ...connect,
    signal,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
  });

  return (options, callback) => {
    const dialJudged = (addresses: readonly string[]): void => {
      judged = addresses;
      dial(options, (...result) => {
        const [error, socket] = result;
        if (error === null && socket.remoteAddress !== undefined && !rules.judgeAddress(socket.remoteAddress)) {
          socket.destroy();
          callback(new TargetForbidden(), null);
        } else callback(...result);
      });
    };

    const { hostname } = options;
    // No lookup function is called for an address.
    if (isIP(hostname) !== 0) {
      if (rules.judgeAddress(hostname)) dialJudged([hostname]);
      else callback(new TargetForbidden(), null);
      return;
    }
    resolver.resolve(hostname, signal).then(
      (addresses) => {
        if (addresses.every((address) => rules.judgeAddress(address))) dialJudged(addresses);
        else callback(new TargetForbidden(), null);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error("lookup failed"), null),
    );
  };
}
