/** Whether what listens on `host` is reached from this machine alone. A name that isn't plainly of this machine counts as beyond it. */
export function isLoopbackHost(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[?::1\]?)$/i.test(host);
}
