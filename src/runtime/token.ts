import type { InjectionToken } from "tsyringe";

/**
 * A container token for a port or for settings. `resolve` infers its type from the token, so it is named once. The name
 * is what tsyringe reports if nothing is registered.
 */
export function token<T>(name: string): InjectionToken<T> {
  return Symbol(name);
}
