import type { InjectionToken } from "tsyringe";

/**
 * A container token of its own for a port or for settings. `resolve` takes the type of what is registered from it, so that
 * nobody names it twice. The name is what tsyringe says when nothing is registered.
 */
export function token<T>(name: string): InjectionToken<T> {
  return Symbol(name);
}
