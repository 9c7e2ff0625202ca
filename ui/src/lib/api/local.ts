/** Addresses of the computer itself. */

const LOOPBACK = /^(localhost$|127\.|\[?::1\]?)/;

export function isLocal(host: string): boolean {
  return LOOPBACK.test(host);
}
