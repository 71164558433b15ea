import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

/** Any port would do: nothing is sent to it. */
const PORT = 443;

/** No route leads there, or the machine does not speak this family at all. */
const NO_ROUTE = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/**
 * Whether this machine has a route to an IPv4 or IPv6 address. Asks the system alone: connecting a datagram socket sends
 * nothing. True when the system cannot say (no file handle is left). Never rejects.
 */
export function hasRoute(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const end = (error?: NodeJS.ErrnoException): void => {
      resolve(!NO_ROUTE.has(error?.code ?? ""));
      socket.close();
    };
    // Errors come to one of both.
    socket.once("error", end);
    socket.connect(PORT, address, end);
  });
}
