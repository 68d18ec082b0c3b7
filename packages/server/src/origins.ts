/**
 * Which web pages may connect.
 * Browsers send the page's origin and do not let a page change it; programs send none, and are
 * not held up by this. Cross-site pages would otherwise reach a server on the visitor's machine.
 * Used by: socket-io-door.ts and, for the loopback names, by cli.ts.
 */

/** Whether the name or address can only mean this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || isIpv4Loop(name);
}

function isIpv4Loop(name: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(name);
}

/**
 * Makes the test for requests.
 *
 * @param listenHost - the address that we listen on
 * @param allowedOrigins - further origins, or '*'
 */
export function originCheck(
  listenHost: string,
  allowedOrigins: readonly string[],
): (origin: string | undefined, hostHeader: string | undefined) => boolean {
  const allowed = new Set(allowedOrigins);
  const isPrivate = isLoopback(listenHost);
  return (origin, hostHeader) => {
    if (origin === undefined || allowed.has('*') || allowed.has(origin)) return true;
    if (!URL.canParse(origin)) return false; // such as 'null', of sandboxed pages
    const page = new URL(origin);
    if (isLoopback(page.hostname)) return true;
    // DNS rebinding: a stranger's page may let its own name point to 127.0.0.1, and is then of the
    // "same origin". On a loopback address only loopback names count.
    return !isPrivate && page.host === hostHeader?.toLowerCase();
  };
}
