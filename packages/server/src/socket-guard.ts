/**
 * SocketGuard: the rates and the queue of one connection.
 * A client above its rates is refused, politely. One that floods with whatever packets, or does
 * not read what it is sent, is cut off: nothing else would bound what it costs us.
 * It belongs to the connection and not to the Socket.IO socket on it, because a client may leave
 * and re-enter the latter as often as it likes.
 * Used by: socket-io-door.ts.
 */

import type { Socket } from 'socket.io';
import type { Limits } from './options.ts';
import { RateLimit } from './rate-limit.ts';

/** The connection below a Socket.IO socket, as Engine.IO calls it. */
export type Connection = Socket['conn'];

/** What a waiting packet costs in memory beside its data; roughly. */
const PACKET_OVERHEAD_BYTES = 128;
/**
 * Packets per request. Publishing takes two (event and attachment); heartbeats, acknowledgements
 * and a client that is being refused and tries again need some more.
 */
const PACKETS_PER_MESSAGE = 4;

export class SocketGuard {
  readonly #messages: RateLimit;
  readonly #bytes: RateLimit;
  #queuedBytes = 0;

  constructor(connection: Connection, limits: Limits, nowMs: () => number) {
    const { maxMessagesPerSecond, maxBytesPerSecond, burstSeconds } = limits;
    const bucket = (perSecond: number) => new RateLimit(perSecond, perSecond * burstSeconds, nowMs);
    this.#messages = bucket(maxMessagesPerSecond);
    this.#bytes = bucket(maxBytesPerSecond);
    const packets = bucket(maxMessagesPerSecond * PACKETS_PER_MESSAGE);

    connection.on('packet', () => {
      if (!packets.take()) cutOff(connection);
    });
    connection.on('packetCreate', ({ data }: { data?: string | Buffer }) => {
      this.#queuedBytes += PACKET_OVERHEAD_BYTES + (data?.length ?? 0);
      if (this.#queuedBytes > limits.maxQueuedBytesPerSocket) cutOff(connection);
    });
    // The transport takes the whole queue, and asks again when it has written all of it.
    connection.on('flush', () => {
      this.#queuedBytes = 0;
    });
  }

  /** Whether one more request is within the rate. */
  takeMessage(): boolean {
    return this.#messages.take();
  }

  /** Whether a payload of that size is within the rate. */
  takeBytes(count: number): boolean {
    return this.#bytes.take(count);
  }
}

/** Closes without waiting for the queue, and after the call that is under way. */
function cutOff(connection: Connection): void {
  process.nextTick(() => connection.close(true));
}
