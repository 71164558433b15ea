/** The median of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The figure below which the given share (0 to 1) of all lies. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Prints a line of the report. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A figure for a person. */
export function round(figure: number, digits = 0): string {
  return figure.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
}
