import { describe, expect, it } from "vitest";
import { withoutClasses } from "../../bundling/closures.mjs";

/** What a script says with its classes, and with functions in their place. */
function both(code: string): [unknown, unknown] {
  const script = `result = (() => {${code}})()`;
  const run = (text: string) => new Function(`"use strict"; let result; ${text}; return result`)();
  return [run(script), run(withoutClasses(script))];
}

describe("a class with private members, as the build writes it", () => {
  it("does as it did: fields in their order, methods, accessors, generators, defaults", () => {
    const [before, after] = both(`
      const told = [];
      const tell = (x) => (told.push(x), x);
      class Counter {
        #n = tell(1);
        open = tell(this.#n + 1);
        empty;
        #later = () => this.#twice() + this.open;
        constructor(tell, { by }, times = by * 2) {
          this.#n += by * times;
          const open = tell;
          this.word = open + by;
        }
        get double() { return this.#both; }
        set double(x) { this.#n = x / 2; }
        get #both() { return this.#n * 2; }
        #twice() { return this.#both; }
        later() { return [1].map(() => this.#later()); }
        *each() { for (let i = 0; i < this.#n; i++) yield i; }
        plain() { return function () { return typeof this; }.call(1); }
        note(x) { tell(x); return this; }
      }
      const counter = new Counter("word", { by: 2 });
      const first = [counter.double, counter.later(), counter.word, "empty" in counter, counter.plain()];
      counter.double = 6;
      return [...first, [...counter.each()], counter.note("n") === counter, told];
    `);
    expect(after).toEqual(before);
    expect(before).toEqual([18, [20], "word2", true, expect.any(String), [0, 1, 2], true, [1, 2, "n"]]);
  });
  it("has two objects that share nothing", () => {
    const [before, after] = both(`
      class Box { #x; constructor(x) { this.#x = x; } get x() { return this.#x; } }
      return [new Box(1), new Box(2)].map((box) => box.x);
    `);
    expect(after).toEqual(before);
  });
  it("says `class` no more, nor `this`", () => {
    const code = withoutClasses("class Box { #x = 1; get x() { return this.#x; } }");
    expect(code).not.toMatch(/class|this/);
  });
  it.each([
    ["a parent", "class A extends B { #x = 1; }"],
    ["a static member", "class A { #x = 1; static y = 2; }"],
    ["no private member", "class A { x = 1; }"],
    ["another's private member", "class A { #x = 1; is(other) { return other.#x === this.#x; } }"],
    [
      "a constructor that returns early",
      "class A { #x = 1; constructor(y) { if (y) return; this.#x = y; } }",
    ],
  ])("stays one with %s", (_, code) => {
    expect(withoutClasses(code)).toBe(code);
  });
});
