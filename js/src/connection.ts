// Messages between a page and the server that it came from, which is to it what a kernel is to a notebook.
// Not for what they say (see history.ts); the twin of serving.py.

const WAIT_MS = { first: 500, longest: 15_000 };
const LOST = "The server that this page follows does not answer; what is here stays, and it is asked again.";

type Hear = (content: unknown, buffers: Uint8Array[]) => void;

/** Messages as they lie behind each other: the length of the JSON, the JSON, and the buffers that it names. */
export function* messagesIn(bytes: Uint8Array): Iterable<Parameters<Hear>> {
  let at = 0;
  const take = (n: number): Uint8Array => {
    at += n;
    return bytes.subarray(at - n, at);
  };
  while (at < bytes.length) {
    const length = new DataView(take(4).slice().buffer).getUint32(0, true);
    const [content, sizes] = JSON.parse(new TextDecoder().decode(take(length))) as [unknown, number[]];
    yield [content, sizes.map(take)];
  }
}

/** Hear what the server has to say from now on; returns what sends to it. */
export function connect(address: string, hear: Hear): (content: unknown) => void {
  const listen = async (): Promise<void> => {
    for (let wait = WAIT_MS.first; ; ) {
      try {
        const reply = await fetch(address);
        if (!reply.ok) throw new Error(reply.statusText);
        const bytes = new Uint8Array(await reply.arrayBuffer());
        if (wait > WAIT_MS.first) hear({ type: "error", id: null, message: "" }, []);
        wait = WAIT_MS.first;
        for (const message of messagesIn(bytes)) hear(...message);
      } catch {
        hear({ type: "error", id: null, message: LOST }, []);
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(WAIT_MS.longest, 2 * wait);
      }
    }
  };
  setTimeout(listen); // when whoever hears is there
  return (content) => {
    fetch(address, { method: "POST", body: JSON.stringify(content) }).catch(() => {}); // asked again after a while
  };
}
