/** A server for a suite, or why there is none. */
export type TestServer =
  | {
      readonly url: string;
      /** What answers there: a stand-in proves less than the real thing. */
      readonly kind: "real" | "FerretDB";
      stop(): Promise<void>;
    }
  | { readonly missing: string };
