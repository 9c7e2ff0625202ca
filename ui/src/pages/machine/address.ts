/** The address of a machine's page; the id of a machine needs no encoding. */
export function machineAddress(machineId: string): string {
  return `/machines/${machineId}`;
}
