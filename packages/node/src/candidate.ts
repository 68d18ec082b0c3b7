/**
 * IceCandidate: one ICE candidate as the standard shapes it, parsed from its line (RFC 8839 5.1).
 * Used by: peer-connection.ts, transport.ts, stats.ts.
 */

/** What a candidate line says. */
export interface CandidateFields {
  readonly foundation: string;
  readonly component: RTCIceComponent;
  readonly protocol: RTCIceProtocol;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly type: RTCIceCandidateType;
  readonly relatedAddress: string | null;
  readonly relatedPort: number | null;
  readonly tcpType: RTCIceTcpCandidateType | null;
  readonly usernameFragment: string | null;
}

const LINE =
  /^candidate:(\S+) ([12]) (udp|tcp) (\d{1,10}) (\S+) (\d{1,5}) typ (host|srflx|prflx|relay)((?: \S+)*)$/i;

/** Reads `candidate:…`, with or without `a=`; undefined when it is no candidate. */
export function parseCandidate(line: string): CandidateFields | undefined {
  const match = LINE.exec(line.trim().replace(/^a=/, ''));
  if (!match) return undefined;
  const [, foundation = '', component, protocol = '', priority, address = '', port, type, rest] =
    match;
  const extension = (name: string) => new RegExp(` ${name} (\\S+)`).exec(rest ?? '')?.[1] ?? null;
  const relatedPort = extension('rport');
  return {
    foundation,
    component: component === '1' ? 'rtp' : 'rtcp',
    protocol: protocol.toLowerCase() as RTCIceProtocol,
    priority: Number(priority),
    address,
    port: Number(port),
    type: type as RTCIceCandidateType,
    relatedAddress: extension('raddr'),
    relatedPort: relatedPort === null ? null : Number(relatedPort),
    tcpType: extension('tcptype') as RTCIceTcpCandidateType | null,
    usernameFragment: extension('ufrag'),
  };
}

/** The standard's RTCIceCandidate. */
export class IceCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment: string | null;
  readonly #fields: CandidateFields | undefined;

  constructor(init: RTCIceCandidateInit = {}) {
    const { candidate = '', sdpMid = null, sdpMLineIndex = null, usernameFragment = null } = init;
    if (sdpMid === null && sdpMLineIndex === null) {
      throw new TypeError('A candidate needs an sdpMid or an sdpMLineIndex.');
    }
    this.candidate = String(candidate);
    this.sdpMid = sdpMid;
    this.sdpMLineIndex = sdpMLineIndex;
    this.#fields = parseCandidate(this.candidate);
    this.usernameFragment = usernameFragment ?? this.#fields?.usernameFragment ?? null;
  }

  get foundation(): string | null {
    return this.#fields?.foundation ?? null;
  }
  get component(): RTCIceComponent | null {
    return this.#fields?.component ?? null;
  }
  get protocol(): RTCIceProtocol | null {
    return this.#fields?.protocol ?? null;
  }
  get priority(): number | null {
    return this.#fields?.priority ?? null;
  }
  get address(): string | null {
    return this.#fields?.address ?? null;
  }
  get port(): number | null {
    return this.#fields?.port ?? null;
  }
  get type(): RTCIceCandidateType | null {
    return this.#fields?.type ?? null;
  }
  get relatedAddress(): string | null {
    return this.#fields?.relatedAddress ?? null;
  }
  get relatedPort(): number | null {
    return this.#fields?.relatedPort ?? null;
  }
  get tcpType(): RTCIceTcpCandidateType | null {
    return this.#fields?.tcpType ?? null;
  }

  toJSON(): RTCIceCandidateInit {
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = this;
    return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
  }
}
