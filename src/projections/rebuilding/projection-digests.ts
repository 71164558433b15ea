import type { ReadModel } from "../projection.ts";
import type { ProjectionProgress } from "../running/projection-progress.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { digestOf } from "./model-digest.ts";

/** How often a digest is retried because its model changed. */
const TRIES = 3;

/** A digest of a read model. */
export interface ModelDigest {
  /** SHA-256, lower-case hex. */
  readonly value: string;
  /** The position of the model when the digest was taken. */
  readonly position: string | null;
  /** False if the model changed during the read, so that the digest matches no single moment. */
  readonly exact: boolean;
}

/** Takes digests of read models and remembers the last one of each, because reading a whole model is expensive. */
export class ProjectionDigests {
  readonly #documents: DocumentStore;
  readonly #progress: ProjectionProgress;
  readonly #last = new Map<string, ModelDigest>();

  constructor(documents: DocumentStore, progress: ProjectionProgress) {
    this.#documents = documents;
    this.#progress = progress;
  }

  /** The last digest taken, or null. */
  last(name: string): ModelDigest | null {
    return this.#last.get(name) ?? null;
  }

  /** Takes the digest now. Throws what the document store throws. */
  async take(model: ReadModel): Promise<ModelDigest> {
    let digest: ModelDigest;
    let tries = 0;
    do {
      const position = this.#positionOf(model);
      const value = await digestOf(this.#documents, model);
      digest = { value, position, exact: this.#positionOf(model) === position };
    } while (!digest.exact && ++tries < TRIES);
    this.#last.set(model.name, digest);
    return digest;
  }

  #positionOf({ name }: ReadModel): string | null {
    return this.#progress.statuses().find((status) => status.name === name)?.position ?? null;
  }
}
