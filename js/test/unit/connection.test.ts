// Messages over HTTP, as serving.py frames them.
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect, messagesIn } from "../../src/connection";

/** Bytes as serving.py lays them. */
function framed(content: unknown, ...buffers: number[][]): number[] {
  const json = [...new TextEncoder().encode(JSON.stringify([content, buffers.map((b) => b.length)]))];
  return [json.length & 255, json.length >> 8, 0, 0, ...json, ...buffers.flat()];
}

describe("messages that lie behind each other", () => {
  it("are read with their buffers", () => {
    const bytes = Uint8Array.from([...framed({ type: "é" }, [1, 2], [], [3]), ...framed({ n: 2 })]);
    const read = [...messagesIn(bytes)].map(([content, buffers]) => [content, buffers.map((b) => [...b])]);
    expect(read).toEqual([
      [{ type: "é" }, [[1, 2], [], [3]]],
      [{ n: 2 }, []],
    ]);
    expect([...messagesIn(new Uint8Array(0))]).toEqual([]);
  });
});

describe("a connection", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("hears again after the server was away, and says so", async () => {
    vi.useFakeTimers();
    const replies = [framed({ n: 1 }), null, null, framed({ n: 2 })];
    let nAsked = 0;
    vi.stubGlobal("fetch", () => {
      const bytes = replies[nAsked++];
      if (bytes === undefined) return new Promise(() => {});
      if (bytes === null) return Promise.reject(new TypeError("failed to fetch"));
      return Promise.resolve(new Response(Uint8Array.from(bytes)));
    });
    const heard: unknown[] = [];
    connect("/secret/reader", (content) => heard.push(content));
    await vi.advanceTimersByTimeAsync(100);
    expect(heard).toMatchObject([{ n: 1 }, { type: "error", id: null }]);
    await vi.advanceTimersByTimeAsync(450);
    expect(nAsked).toBe(3);
    await vi.advanceTimersByTimeAsync(1000);
    expect(heard.slice(3)).toEqual([{ type: "error", id: null, message: "" }, { n: 2 }]);
  });

  it("sends what is asked", () => {
    const posted: unknown[] = [];
    vi.stubGlobal("fetch", (address: string, about?: RequestInit) => {
      if (about) posted.push([address, about.method, about.body]);
      return new Promise(() => {});
    });
    connect("/secret/reader", () => {})({ type: "fetch", id: "w0" });
    expect(posted).toEqual([["/secret/reader", "POST", '{"type":"fetch","id":"w0"}']]);
  });
});
