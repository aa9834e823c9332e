// The model of a widget as its host hands it over: traits that are shared with Python, and messages.

/** @boundary */
export interface HostModel {
  // biome-ignore lint/suspicious/noExplicitAny: traits of every type pass here, as in anywidget's own types
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: Callback): void;
  off(event?: string | null, callback?: Callback | null): void;
  send?(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
}
// biome-ignore lint/suspicious/noExplicitAny: the arguments depend on the event
type Callback = (...args: any[]) => void;
