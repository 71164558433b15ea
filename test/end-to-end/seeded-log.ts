import { openDataDirectory } from "../../src/events/store/sqlite/files/data-directory.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";

/** What a command said of its digest. */
export function digestIn(stderr: string): string {
  return /sha256 ([0-9a-f]{64})/.exec(stderr)?.[1] ?? `no digest in: ${stderr}`;
}

/** Makes a data folder with a log of so many events, four in each stream. */
export async function seedLog(directory: string, events: number): Promise<void> {
  const folder = openDataDirectory(directory);
  const store = await SqliteEventStore.open({ directory });
  const event = (): ReturnType<typeof sampleEvent> => sampleEvent({ data: { text: "x".repeat(500) } });
  for (let stream = 0; stream * 4 < events; stream += 1_000) {
    const names = Array.from({ length: Math.min(1_000, events / 4 - stream) }, (_, index) => `user-${stream + index}`);
    await Promise.all(names.map((name) => store.append(name, [event(), event(), event(), event()], "no_stream")));
  }
  await store.close();
  folder.release();
}
