/**
 * Addon: the contract between a Peer and something that extends it.
 * Extended by applications; any object with the two methods will do.
 */

/**
 * Something that is attached to a Peer: it listens to its events and uses its methods.
 *
 * @typeParam Host - the Peer it is attached to
 *
 * @example
 * class Counter extends Addon {
 *   count = 0;
 *   attach(peer) { peer.on('channel:message', this.onMessage); }
 *   detach(peer) { peer.off('channel:message', this.onMessage); }
 *   onMessage = () => { this.count += 1; };
 * }
 */
export class Addon<Host = unknown> {
  /** Called once when it is attached. What it throws rejects `peer.attach` as `addon-failed`. */
  attach(_peer: Host): void | Promise<void> {}

  /** Called once when it is detached. */
  detach(_peer: Host): void | Promise<void> {}
}
