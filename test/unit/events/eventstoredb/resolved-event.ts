import type { ResolvedEvent } from "@eventstore/db-client";

/** An event as the client gives it. */
export function resolvedEvent(
  stream: string,
  commit: bigint,
  { prepare = commit, ...overrides }: { prepare?: bigint; data?: unknown; metadata?: unknown } = {},
): ResolvedEvent {
  const event = {
    id: `00000000-0000-4000-8000-${commit.toString().padStart(12, "0")}`,
    streamId: stream,
    revision: commit,
    type: "SampleHappened",
    isJson: true,
    data: { text: "sample" },
    metadata: { actor: "anonymous" },
    created: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
    position: { commit, prepare },
    ...overrides,
  };
  return { event } as unknown as ResolvedEvent;
}
