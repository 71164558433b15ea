import { connect } from "node:tls";

/** How long a server may take to greet, in ms. */
const GREETING_MS = 1_000;

/** What a server answers to the first words of TLS. */
export type TlsAnswer =
  /** It speaks TLS; why its certificate is not trusted, null when it is. */
  | { readonly kind: "tls"; readonly distrust: string | null }
  /** It answers with something else, as one that has no TLS does. */
  | { readonly kind: "plain" }
  /** It did not answer. */
  | { readonly kind: "nothing" };

/**
 * Looks whether a server speaks TLS. Nothing is sent to it but the greeting.
 *
 * @param ca the certificate of the authority that vouches for the server; undefined: the system's
 */
export function lookForTls(server: { host: string; port: number }, ca: Buffer | undefined): Promise<TlsAnswer> {
  return new Promise((resolve) => {
    // A certificate that is not trusted is an answer too: nothing is entrusted to this connection.
    const socket = connect({ ...server, ...(ca && { ca }), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const settle = (answer: TlsAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(GREETING_MS, () => settle({ kind: "nothing" }));
    socket.once("secureConnect", () => {
      // The types say Error, and it is the code of one.
      const error = socket.authorizationError as Error | string | null | undefined;
      settle({ kind: "tls", distrust: error ? String(error) : null });
    });
    // Of one that wants another certificate or another version of TLS, the alert says so; it speaks TLS.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (/alert/i.test(error.message)) settle({ kind: "tls", distrust: null });
      else settle({ kind: /wrong version number|packet length too long/i.test(error.message) ? "plain" : "nothing" });
    });
    socket.once("close", () => settle({ kind: "nothing" }));
  });
}
