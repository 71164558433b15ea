import { connect } from "node:tls";

/** How long a server may take to answer the greeting, in ms. */
const GREETING_MS = 1_000;

/** How a server answers a TLS greeting. */
export type TlsAnswer =
  /** It speaks TLS. `distrust` is why its certificate is not trusted, or null if it is. */
  | { readonly kind: "tls"; readonly distrust: string | null }
  /** It answers with something else, as a server without TLS does. */
  | { readonly kind: "plain" }
  /** It does not answer. */
  | { readonly kind: "nothing" };

/**
 * Finds out whether a server speaks TLS. Sends nothing except the greeting.
 *
 * @param ca the certificate of the authority to trust; undefined: the system's
 */
export function probeTls(server: { host: string; port: number }, ca: Buffer | undefined): Promise<TlsAnswer> {
  return new Promise((resolve) => {
    // Accepts untrusted certificates, because nothing confidential is sent over this connection.
    const socket = connect({ ...server, ...(ca && { ca }), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const settle = (answer: TlsAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(GREETING_MS, () => settle({ kind: "nothing" }));
    socket.once("secureConnect", () => {
      // Typed as an Error, but it is an error's code.
      const error = socket.authorizationError as Error | string | null | undefined;
      settle({ kind: "tls", distrust: error ? String(error) : null });
    });
    // A TLS alert, for example because the server wants a client certificate, shows that it speaks TLS.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (/alert/i.test(error.message)) settle({ kind: "tls", distrust: null });
      else settle({ kind: /wrong version number|packet length too long/i.test(error.message) ? "plain" : "nothing" });
    });
    socket.once("close", () => settle({ kind: "nothing" }));
  });
}
