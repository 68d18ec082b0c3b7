/**
 * Options of the server: defaults, units, and the one place where they are checked.
 * Every default lives here once; past checkOptions() nobody asks whether a value is set.
 * Used by: start-server.ts and, for the limits, by socket-io-door.ts.
 */

/** What one client may cost the others. All are whole numbers above zero. */
export interface Limits {
  /** Bytes in one published payload. Default: 65,536. */
  readonly maxPayloadBytes: number;
  /** UTF-16 characters in a namespace. Default: 512. */
  readonly maxNamespaceChars: number;
  /** Namespaces that one socket is subscribed to at once; a room takes two. Default: 512. */
  readonly maxSubscriptionsPerSocket: number;
  /** Sockets connected at once. Default: 2,000. */
  readonly maxConnections: number;
  /** Requests (subscribe, unsubscribe, publish) per second and socket. Default: 500. */
  readonly maxMessagesPerSecond: number;
  /** Published bytes per second and socket. Default: 4 MiB. */
  readonly maxBytesPerSecond: number;
  /** How many seconds' worth of the two rates may come at once. Default: 4. */
  readonly burstSeconds: number;
  /** Bytes that wait for a socket which reads too slowly, before it is cut off. Default: 4 MiB. */
  readonly maxQueuedBytesPerSocket: number;
  /** Time to send a whole request, and to finish the Socket.IO handshake. Default: 15,000. */
  readonly handshakeTimeoutMs: number;
  /** A connection that was silent for so long is closed. Default: 45,000. */
  readonly idleTimeoutMs: number;
}

/** Options of startServer. Each may be left out. */
export interface ServerOptions {
  /** TCP port; 0 takes any free one. Default: 8080. */
  readonly port?: number | undefined;
  /**
   * The address to listen on. Default: `'127.0.0.1'`, which only this machine can reach. There is
   * no authentication yet: with any other address, whoever reaches the port may use the server.
   */
  readonly host?: string | undefined;
  /** A folder to serve over HTTP. Default: none. Files whose name starts with a dot are hidden. */
  readonly staticDir?: string | undefined;
  /** What the Socket.IO event names start with; several are kept apart. Default: `'meshwork:'`. */
  readonly prefix?: string | readonly string[] | undefined;
  /**
   * Web origins whose pages may connect, such as `'https://chat.example'`, beside those of this
   * machine and, unless `host` is loopback, the server's own. `'*'` admits every page. Default: `[]`.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Changes to the default limits. */
  readonly limits?: Partial<Limits> | undefined;
}

/** The options, checked and complete. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly staticDir: string | undefined;
  readonly prefixes: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly limits: Limits;
}

export const DEFAULT_LIMITS: Limits = {
  // A session description with every codec is some 10 kB before compression.
  maxPayloadBytes: 65_536,
  // The room's hash and the peer's are below 100; unhashed, escaped room names need the rest.
  maxNamespaceChars: 512,
  // A Node process in 250 rooms over one socket, and yet only half a megabyte of names.
  maxSubscriptionsPerSocket: 512,
  // With page loads beside them these fit into 4,096 file descriptors, a usual limit.
  maxConnections: 2_000,
  // Joining a room of 200 takes an offer and a few batches of candidates for each: 800 at once.
  maxMessagesPerSecond: 500,
  maxBytesPerSecond: 4_194_304,
  burstSeconds: 4,
  maxQueuedBytesPerSocket: 4_194_304,
  handshakeTimeoutMs: 15_000,
  idleTimeoutMs: 45_000,
};

/**
 * Fills in the defaults.
 *
 * @throws TypeError that names the option which is unknown, of the wrong type or out of range
 */
export function checkOptions(options: ServerOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('startServer(options): options must be an object.');
  }
  const { port, host, staticDir, prefix, allowedOrigins, limits, ...unknown } = options;
  for (const name of Object.keys(unknown)) throw new TypeError(`There is no option ${name}.`);
  return {
    port: checkPort(port ?? 8080),
    host: checkText('host', host ?? '127.0.0.1'),
    staticDir: staticDir === undefined ? undefined : checkText('staticDir', staticDir),
    prefixes: checkPrefixes(prefix ?? 'meshwork:'),
    allowedOrigins: checkOrigins(allowedOrigins ?? []),
    limits: checkLimits(limits ?? {}),
  };
}

function checkPort(port: unknown): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) {
    return port;
  }
  throw new TypeError(`port must be a whole number from 0 to 65535, not ${String(port)}.`);
}

function checkText(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw new TypeError(`${name} must be a string that is not empty.`);
}

function checkPrefixes(prefix: unknown): readonly string[] {
  const prefixes: unknown[] = Array.isArray(prefix) ? prefix : [prefix];
  // No line breaks: socket-io-door.ts separates prefix and namespace by one.
  const isPrefix = (value: unknown): value is string =>
    typeof value === 'string' && /^[\w.:/-]{0,64}$/.test(value) && !value.endsWith('\n');
  if (prefixes.length > 0 && prefixes.every(isPrefix)) return [...new Set(prefixes)];
  throw new TypeError('prefix must be at most 64 of A-Z a-z 0-9 _ . : / -, or a list of such.');
}

function checkOrigins(origins: unknown): readonly string[] {
  const isOrigin = (value: unknown) =>
    value === '*' ||
    (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value);
  if (Array.isArray(origins) && origins.every(isOrigin)) return [...origins];
  throw new TypeError(
    "allowedOrigins must be a list of origins such as 'https://chat.example' (no path), or '*'.",
  );
}

function checkLimits(changes: unknown): Limits {
  if (typeof changes !== 'object' || changes === null) {
    throw new TypeError('limits must be an object.');
  }
  const limits: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new TypeError(`There is no limits.${name}.`);
    if (value === undefined) continue;
    // The upper bound is that of setTimeout, far above every sensible value.
    if (!Number.isInteger(value) || value < 1 || value > 0x7fff_ffff) {
      throw new TypeError(`limits.${name} must be a whole number from 1 to 2147483647.`);
    }
    limits[name as keyof Limits] = value;
  }
  if (limits.maxQueuedBytesPerSocket < limits.maxPayloadBytes) {
    throw new TypeError('limits.maxQueuedBytesPerSocket must not be below limits.maxPayloadBytes.');
  }
  if (limits.maxBytesPerSecond * limits.burstSeconds < limits.maxPayloadBytes) {
    throw new TypeError('limits.maxBytesPerSecond must let one limits.maxPayloadBytes through.');
  }
  return limits;
}
