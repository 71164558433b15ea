/** DeliveryRequested of version 1 knew no references. */
export function upcastDeliveryRequested(data: object): object {
  return { ...data, reference: null };
}

/** DeliveryAttempted of version 1 knew of one connection. */
export function upcastDeliveryAttempted(data: object): object {
  return { ...data, connections: 1 };
}
