import type { ExportFooter } from "./export-format.ts";
import { finishedExportLines } from "./export-lines.ts";
import { TransferRefused } from "./transfer-refused.ts";

/**
 * Reads an export to its end, and returns its footer if the export is complete and unchanged.
 *
 * @param onProgress called for every event with the numbers of events and bytes read so far
 * @throws TransferRefused with one line that says what is wrong
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
