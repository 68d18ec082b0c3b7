/**
 * Configuration: the standard's RTCConfiguration, checked, as the native side wants it.
 * Used by: peer-connection.ts.
 */

import type { IceServer, RtcConfig } from 'node-datachannel';

const KEYS = new Set([
  'bundlePolicy',
  'certificates',
  'iceCandidatePoolSize',
  'iceServers',
  'iceTransportPolicy',
  'rtcpMuxPolicy',
]);

const URL_FORM =
  /^(stuns?|turns?):(\[[0-9a-f:.]+\]|[^:?[\]/@]+)(?::(\d{1,5}))?(?:\?transport=(\w+))?$/i;
const DEFAULT_PORT = 3478;

/**
 * @throws TypeError for a key or a type that RTCConfiguration does not know
 * @throws DOMException `SyntaxError` for a malformed URL, `InvalidAccessError` for a TURN server
 *   without credentials, as in browsers
 */
export function nativeConfiguration(configuration: RTCConfiguration): RtcConfig {
  if (typeof configuration !== 'object' || configuration === null) {
    throw new TypeError('The configuration must be an object.');
  }
  for (const key of Object.keys(configuration)) {
    if (!KEYS.has(key)) throw new TypeError(`Unknown key in the configuration: ${key}.`);
  }
  const { iceServers = [], iceTransportPolicy = 'all', certificates = [] } = configuration;
  if (iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
    throw new TypeError(`iceTransportPolicy must be all or relay, not ${iceTransportPolicy}.`);
  }
  if (!Array.isArray(iceServers)) throw new TypeError('iceServers must be an array.');
  if (certificates.length > 0) {
    throw new TypeError('Own certificates are not supported in Node: leave certificates out.');
  }
  return {
    iceServers: iceServers.flatMap(nativeServers),
    iceTransportPolicy,
    // We negotiate when the application says so, as a browser does.
    disableAutoNegotiation: true,
  };
}

function nativeServers(server: RTCIceServer): IceServer[] {
  const urls: unknown[] = [server?.urls].flat();
  if (urls.length === 0 || !urls.every((url) => typeof url === 'string')) {
    throw new TypeError('Each of iceServers needs urls: a string or an array of strings.');
  }
  return urls.flatMap((url) => nativeServer(url as string, server));
}

/** None when the native side cannot use it: it speaks STUN and TURN over UDP only. */
function nativeServer(url: string, { username, credential }: RTCIceServer): IceServer[] {
  const match = URL_FORM.exec(url);
  if (!match) throw new DOMException(`Not a STUN or TURN URL: ${url}`, 'SyntaxError');
  const scheme = (match[1] ?? '').toLowerCase();
  // Host, user and password go over as fields, not inside a URL: nothing needs escaping then.
  const hostname = (match[2] ?? '').replace(/^\[|\]$/g, '');
  const port = Number(match[3] ?? DEFAULT_PORT);
  const isTurn = scheme.startsWith('turn');
  if (isTurn && (typeof username !== 'string' || typeof credential !== 'string')) {
    throw new DOMException(`${url} needs a username and a credential.`, 'InvalidAccessError');
  }
  if (scheme.endsWith('s') || (match[4] ?? 'udp').toLowerCase() !== 'udp') return [];
  if (!isTurn) return [{ hostname, port }];
  return [
    { hostname, port, username: username ?? '', password: credential ?? '', relayType: 'TurnUdp' },
  ];
}
