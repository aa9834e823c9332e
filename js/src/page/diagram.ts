// What the parts of a page know of each diagram on it.
import type { HostModel } from "../host";
import type { Session } from "../session";

export interface PageDiagram {
  host: HTMLElement;
  model: HostModel;
  session: Session;
  /** Whether it was selected something when the page was written. */
  opensSelected: boolean;
}
