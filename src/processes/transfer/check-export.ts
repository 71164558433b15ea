import type { ExportFooter } from "./export-format.ts";
import { finishedExportLines } from "./export-lines.ts";
import { TransferRefused } from "./transfer-refused.ts";

/**
 * Reads an export to its end and gives its footer when it is whole and as it was written.
 *
 * @param onProgress is called for every event with how many events and bytes were read so far
 * @throws TransferRefused in one line that says what is wrong with it
 */
export async function checkExport(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (events: number, bytes: number) => void = () => undefined,
): Promise<ExportFooter> {
  let footer: ExportFooter | null = null;
  for await (const line of finishedExportLines(chunks)) {
    if (line.kind === "footer") footer = line.footer;
    if (line.kind === "event") onProgress(line.number - 1, line.end);
  }
  if (footer === null) throw new TransferRefused("the export has no last line");
  return footer;
}
