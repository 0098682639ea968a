/** A replica's own end, behind deployment and revision. */
export function shortReplica(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}
