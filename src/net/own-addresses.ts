import { networkInterfaces } from "node:os";
import type { Clock } from "../runtime/clock.ts";
import { canonicalText, parseAddress } from "./addresses.ts";

/** Addresses change rarely (a lease, a floating address), and asking the system costs more than a lookup. */
const MAX_AGE_MS = 5000;

/**
 * Returns a function that gives the addresses of this host's interfaces in canonical text, at most 5 seconds old. They
 * are forbidden targets, even public ones: a service that trusts its own host would answer there.
 */
export function createOwnAddresses(clock: Clock): () => ReadonlySet<string> {
  let known: ReadonlySet<string> | null = null;
  let readAt = 0;
  return () => {
    const now = clock.monotonic();
    if (known === null || now - readAt >= MAX_AGE_MS) {
      known = readOwnAddresses();
      readAt = now;
    }
    return known;
  };
}

function readOwnAddresses(): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const ofInterface of Object.values(networkInterfaces())) {
    for (const { address } of ofInterface ?? []) {
      // An address with a zone is link-local, and that range is refused anyway.
      const parsed = parseAddress(address);
      if (parsed !== null) addresses.add(canonicalText(parsed));
    }
  }
  return addresses;
}
