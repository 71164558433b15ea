/** A server for a suite, or why there is none. */
export type TestServer =
  | {
      readonly url: string;
      /** What answers there: a stand-in proves less than the real thing. */
      readonly kind: "real" | "FerretDB";
      stop(): Promise<void>;
    }
  | { readonly missing: string };

/** What a suite skips with where it has no server. */
export function reasonOf(server: TestServer): string | null {
  return "missing" in server ? server.missing : null;
}
