import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { NameResolver } from "./name-resolver.ts";
import { TargetForbidden } from "./target-forbidden.ts";
import type { TargetRules } from "./target-rules.ts";

/** How long one of several addresses may keep the others waiting, in ms. A receiver on the other side of the world answers. */
const NEXT_ADDRESS_AFTER_MS = 2_000;

export interface TargetGuardOptions {
  readonly rules: Pick<TargetRules, "judgeAddress">;
  readonly resolver: NameResolver;
  /** Ends a look-up, or a connection that is being made. */
  readonly signal: AbortSignal;
  /** How the connection is made then. What decides its address is replaced. */
  readonly connect: buildConnector.BuildOptions;
}

/**
 * A connector that makes a connection only to an address that the rules allow (docs/reference/targets.md): the address
 * in the URL, or all addresses that the name has at this moment. When one of them is forbidden, none is dialled, since the
 * next look-up could lead to it. What is dialled is what was judged: the name is not looked up again in between. The name
 * itself stays what the certificate is checked against. For one connection at a time.
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
    // No look-up function is ever asked about an address.
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
      (error: unknown) => callback(error instanceof Error ? error : new Error("look-up failed"), null),
    );
  };
}
