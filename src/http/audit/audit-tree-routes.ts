import type { FastifyInstance, FastifyReply } from "fastify";
import type { NoteSigner } from "../../processes/audit/signed-note.ts";
import { signerOf, writeSignedTreeHead } from "../../processes/audit/tree-head.ts";
import { consistencyProof, inclusionProof } from "../../projections/audit-tree/audit-proofs.ts";
import { auditTree, leafPlaceOf, treeNow } from "../../projections/audit-tree/audit-tree.ts";
import type { GrowingTree } from "../../projections/audit-tree/merkle-tiles.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { uuidOf } from "../../runtime/uuid.ts";
import { requireStaff } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { sendJson } from "../replies/send-json.ts";
import { queryOf, refuseParameters } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { lookUp, upToDate } from "../requests/up-to-date.ts";
import { unavailable } from "../server/error-handler.ts";
import { parseAuditProof } from "./audit-proof-schema.ts";

/**
 * For auditors: the signed size and root of the tree over the log, proofs from it, and the public key of the
 * signatures.
 */
export function auditTreeRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, secrets } = deps;
  const onRequest = requireStaff(deps, "auditor", "operator");
  let known: NoteSigner | null = null;
  const signer = async (): Promise<NoteSigner> => {
    known ??= await signerOf(store, secrets.auditSigning);
    if (known === null) throw unavailable();
    return known;
  };

  app.get("/v1/audit/public-key", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    return sendText(reply, `${(await signer()).publicKey}\n`);
  });

  app.get("/v1/audit/checkpoint", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    await upToDate(deps, [auditTree.name]);
    const tree = await treeNow(documents);
    return sendText(reply, writeSignedTreeHead({ size: tree.size, root: tree.root() }, await signer()));
  });

  app.get("/v1/audit/proof/:event_id", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseAuditProof(queryOf(request)));
    const { event_id } = request.params as { event_id: string };
    const eventId = uuidOf(event_id);
    const place = await lookUp(deps, [auditTree.name], async () =>
      eventId === null ? null : leafPlaceOf(documents, eventId),
    );
    const tree = await treeNow(documents);
    // A leaf is written before its tree, and cannot be proven until then.
    if (place === null || place.leaf >= tree.size) {
      const errors = [`the audit tree has ${tree.size} leaves, and none of them is an event with this id`];
      throw new HttpError("event_not_found", { errors });
    }
    const size = sizeFor(tree, query.tree_size, query.from_size);
    if (place.leaf >= size) {
      const errors = [`the event is leaf ${place.leaf}, which a tree of ${size} leaves does not have yet`];
      throw new HttpError("tree_size_not_found", { errors });
    }
    const { leafHash, root, proof } = await inclusionProof(documents, tree, place.leaf, size);
    return sendJson(reply, 200, {
      event_id: place.id,
      leaf_index: place.leaf,
      tree_size: size,
      leaf_hash: leafHash.toString("base64"),
      root: root.toString("base64"),
      proof: proof.map((hash) => hash.toString("base64")),
      ...(query.from_size !== null && { consistency: await consistency(documents, tree, query.from_size, size) }),
    });
  });
}

async function consistency(documents: DocumentStore, tree: GrowingTree, from: number, to: number): Promise<object> {
  const { fromRoot, proof } = await consistencyProof(documents, tree, from, to);
  return {
    from_size: from,
    from_root: fromRoot.toString("base64"),
    proof: proof.map((hash) => hash.toString("base64")),
  };
}

/** The size asked for, or the current one. Throws HttpError if the tree was never that large. */
function sizeFor(tree: GrowingTree, asked: number | null, from: number | null): number {
  for (const [name, size] of Object.entries({ tree_size: asked, from_size: from })) {
    if (size === null || size <= tree.size) continue;
    throw new HttpError("tree_size_not_found", { errors: [`${name} must be at most ${tree.size}, the size of now`] });
  }
  return asked ?? tree.size;
}

/** Sends text as bytes, so that fastify adds no charset. */
function sendText(reply: FastifyReply, text: string): FastifyReply {
  if (reply.sent) return reply;
  return reply.header("content-type", "text/plain; charset=utf-8").send(Buffer.from(text));
}
