/** An environment variable that looks like a setting and is none. */
export interface UnknownVariable {
  readonly variable: string;
  /** The setting whose name is nearest to it. */
  readonly nearest: string;
}

/**
 * The environment variables that somebody may have meant as a setting: those that begin like one (`DELIVERY_…`), and
 * those that are one letter off, in any case. What Kubernetes sets for a service of such a name is none of them.
 *
 * @param names of the variables in the environment, never their values
 * @param settings the variables that the program reads
 */
export function unknownVariables(names: readonly string[], settings: readonly string[]): readonly UnknownVariable[] {
  const known = new Set(settings);
  const prefixes = new Set(settings.filter((setting) => setting.includes("_")).map(prefixOf));
  const services = names.filter((name) => name.endsWith("_SERVICE_HOST")).map((name) => name.slice(0, -12));
  const isServices = (name: string): boolean =>
    services.some((service) => name.startsWith(`${service}SERVICE_`) || `${name}_`.startsWith(`${service}PORT_`));
  return names
    .filter((name) => !known.has(name) && !isServices(name))
    .flatMap((variable) => {
      const name = variable.toUpperCase();
      const candidates = prefixes.has(prefixOf(name))
        ? settings
        : settings.filter((setting) => isOneOff(name, setting));
      return candidates.length === 0 ? [] : [{ variable, nearest: nearestTo(name, candidates) }];
    })
    .sort((left, right) => (left.variable < right.variable ? -1 : 1));
}

/** Up to the first `_`, with it; a name without one is its own. */
function prefixOf(name: string): string {
  return name.slice(0, name.indexOf("_") + 1) || name;
}

function isOneOff(name: string, setting: string): boolean {
  return Math.abs(name.length - setting.length) <= 1 && distance(name, setting) <= 1;
}

/** A name that was cut short or made longer is nearer than one with other letters. */
function nearestTo(name: string, settings: readonly string[]): string {
  const further = (setting: string): number =>
    distance(name, setting) - (setting.startsWith(name) || name.startsWith(setting) ? setting.length : 0);
  const [first = "", ...others] = settings;
  return others.reduce((best, setting) => (further(setting) < further(best) ? setting : best), first);
}

/** How many letters have to be added, left out, replaced or swapped with their neighbour. */
function distance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    for (let at = 1; at <= to.length; at += 1) {
      const isSame = from[row - 1] === to[at - 1];
      const isSwapped = row > 1 && at > 1 && from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1];
      const replaced = (last[at - 1] ?? 0) + (isSame ? 0 : 1);
      const swapped = isSwapped ? (beforeLast[at - 2] ?? 0) + 1 : replaced;
      next.push(Math.min((last[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1, replaced, swapped));
    }
    beforeLast = last;
    last = next;
  }
  return last[to.length] ?? 0;
}
