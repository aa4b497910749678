/** How much may be worked with at once. */

interface Waiting {
  readonly amount: number;
  readonly admit: () => void;
}

/**
 * Lets work in that fits, in the order in which it came; what is larger than all of it has it to itself.
 *
 * Encrypting a file takes several times its size of the page's memory, and a page that runs out of it is gone with all
 * that is on its way in it.
 */
export class Budget {
  readonly #whole: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];

  constructor(whole: number) {
    this.#whole = whole;
  }

  async spend<T>(amount: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(amount, this.#whole);
    if (this.#waiting.length > 0 || !this.#fits(taken)) {
      await new Promise<void>((admit) => this.#waiting.push({ amount: taken, admit }));
    } else {
      this.#used += taken;
    }
    try {
      return await work();
    } finally {
      this.#used -= taken;
      this.#admit();
    }
  }

  #fits(amount: number): boolean {
    return this.#used + amount <= this.#whole;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.amount); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.amount;
      next.admit();
    }
  }
}
