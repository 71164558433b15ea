import { idSchema } from "../../requests/id-schema.ts";

/** The id of an endpoint in a body or a query. */
export const endpointIdSchema = idSchema("endpoint_id");
