import { EVERYTHING, scopeName, scopeOfEndpoint, scopeOfUser } from "../../events/pause.ts";
import type { PauseScope, PauseScopeKind } from "../../events/pause.ts";
import type { PauseDocument } from "../pauses.ts";
import type { SnakeCased } from "../snake-case.ts";

/** A pause in force. */
export interface PauseInForce extends SnakeCased<PauseScope> {
  readonly reason: string;
  /** ISO 8601 UTC */
  readonly since: string;
}

/** Whose pauses are asked for; documents of endpoints and of deliveries fit. */
export interface PausableEndpoint {
  readonly endpoint_id: number;
  readonly user_id: number;
}

/** The pauses in force, in memory. To ask for one takes the same time however many there are, and next to none without any. */
export class PausesInForce {
  readonly #inForce = new Map<string, PauseInForce>();
  readonly #resumedAt = new Map<string, string>();
  readonly #counts: Record<PauseScopeKind, number> = { all: 0, user: 0, endpoint: 0 };
  /** Sorted when somebody asks: probes come more often than pauses. */
  #sorted: readonly PauseInForce[] | null = [];

  /** Takes a scope's newest document. */
  note({ _id: name, scope, user_id, endpoint_id, reason, paused_at: since, resumed_at }: PauseDocument): void {
    if (resumed_at !== null) this.#resumedAt.set(name, resumed_at);
    this.#counts[scope] -= Number(this.#inForce.delete(name));
    this.#sorted = null;
    if (reason === null || since === null) return;
    this.#inForce.set(name, { scope, user_id, endpoint_id, reason, since });
    this.#counts[scope] += 1;
  }

  /** The pause that keeps attempts from the endpoint, the widest if there are several; null when there is none. */
  of(endpoint: PausableEndpoint): PauseInForce | null {
    if (this.#inForce.size === 0) return null;
    for (const name of namesOver(endpoint)) {
      const pause = this.#inForce.get(name);
      if (pause !== undefined) return pause;
    }
    return null;
  }

  /** The pause of this very scope, whatever else covers it; null when there is none. */
  in(scope: PauseScope): PauseInForce | null {
    return this.#inForce.get(scopeName(scope)) ?? null;
  }

  /** When the last pause that covered the endpoint ended, ISO 8601 UTC; null when none did. */
  lastResume(endpoint: PausableEndpoint): string | null {
    if (this.#resumedAt.size === 0) return null;
    const times = namesOver(endpoint).map((name) => this.#resumedAt.get(name) ?? "");
    return times.reduce((latest, time) => (time > latest ? time : latest)) || null;
  }

  /** All of them, the oldest first. */
  get all(): readonly PauseInForce[] {
    this.#sorted ??= [...this.#inForce.values()].sort((a, b) => (a.since < b.since ? -1 : Number(a.since > b.since)));
    return this.#sorted;
  }

  /** How many there are of each kind of scope. */
  get counts(): Readonly<Record<PauseScopeKind, number>> {
    return this.#counts;
  }
}

/** The names of the scopes that cover an endpoint, the widest first. */
function namesOver({ endpoint_id, user_id }: PausableEndpoint): readonly string[] {
  return [EVERYTHING, scopeOfUser(user_id), scopeOfEndpoint(endpoint_id)].map(scopeName);
}
