import { randomUUID } from "node:crypto";
import { prepareAppend } from "../../append/prepared-append.ts";
import type { AppendWriter } from "../appending/append-writer.ts";
import type { EventReader } from "../reading/read-events.ts";
import type { StreamNames } from "../stream-names.ts";

/**
 * The stream of the mark, behind the prefix. It has no category, so it is not in the log: what is written there changes
 * neither the log's digest nor its tree.
 */
const STREAM = "import";
const BEGAN = "ImportBegan";
const COMPLETED = "ImportCompleted";

/** Marks a log on a server as one that an import has not completed. */
export class ImportMark {
  readonly #name: string;
  readonly #reader: Pick<EventReader, "lastTypeIn">;
  readonly #writer: Pick<AppendWriter, "append">;

  constructor(names: StreamNames, reader: Pick<EventReader, "lastTypeIn">, writer: Pick<AppendWriter, "append">) {
    this.#name = names.onServer(STREAM);
    this.#reader = reader;
    this.#writer = writer;
  }

  /** Whether an import has begun to write the log and has not completed it. Throws StoreUnavailable. */
  async isSet(): Promise<boolean> {
    return (await this.#reader.lastTypeIn(this.#name)) === BEGAN;
  }

  /** Sets the mark or takes it away; durable when it resolves. Throws what appending throws. */
  async set(unfinished: boolean): Promise<void> {
    if ((await this.isSet()) === unfinished) return;
    const id = randomUUID();
    const metadata = { $correlationId: id, $causationId: id, actor: "operator", schemaVersion: 1 } as const;
    const event = { id, type: unfinished ? BEGAN : COMPLETED, data: {}, metadata };
    await this.#writer.append(this.#name, prepareAppend(`${STREAM}-mark`, [event], "any"));
  }
}
