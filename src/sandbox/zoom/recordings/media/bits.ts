/** Writes bits, highest first, with the codes that H.264 uses (ITU-T H.264, 7.2 and 9.1). */
export class BitWriter {
  #bytes: number[] = [];
  #current = 0;
  #filled = 0;

  /** `count` bits of an unsigned number; 31 at most. */
  bits(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) {
      this.#current = (this.#current << 1) | ((value >>> i) & 1);
      if (++this.#filled === 8) {
        this.#bytes.push(this.#current);
        this.#current = 0;
        this.#filled = 0;
      }
    }
    return this;
  }

  /** An unsigned Exp-Golomb code. */
  unsigned(value: number): this {
    const length = Math.floor(Math.log2(value + 1));
    return this.bits(0, length).bits(value + 1, length + 1);
  }

  /** A signed Exp-Golomb code. */
  signed(value: number): this {
    return this.unsigned(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** Zero bits up to the next whole byte. */
  align(): this {
    return this.#filled === 0 ? this : this.bits(0, 8 - this.#filled);
  }

  /** `count` times the same byte; the writer must stand on a whole byte. */
  fill(byte: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bytes.push(byte);
    return this;
  }

  /** What was written, closed by the stop bit and zero bits. */
  end(): Buffer {
    this.bits(1, 1).align();
    return Buffer.from(this.#bytes);
  }
}
