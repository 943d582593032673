/**
 * Memory for the one object that is on its way, used again for the next. V8 frees what was read from the file only once some 64 MB of it
 * have gathered, so a drained backlog would stand in memory nearly whole; here what was read is given back at once.
 */
export class BodyMemory {
  #held = Buffer.alloc(0);

  /** The same bytes, in memory of ours; `object`, which nobody else may hold, is empty afterwards. */
  take(object: Buffer): Buffer {
    if (this.#held.length < object.length) this.#held = Buffer.allocUnsafeSlow(object.length);
    const body = this.#held.subarray(0, object.length);
    object.copy(body);
    // A transfer to no length lets go of the bytes without waiting for the garbage collector.
    if (object.buffer instanceof ArrayBuffer && object.buffer.byteLength === object.length) object.buffer.transfer(0);
    return body;
  }

  /** Nothing is on its way any more, or a connection that was broken off may still hold it: the next object gets other memory. */
  letGo(): void {
    this.#held = Buffer.alloc(0);
  }
}
