type Use = { name: string; start: number; end: number; isShort?: boolean };
type Properties = { uses: Map<string, Use[]>; others: Set<string> };
export const MARK: string;
export function ownProperties(root: string): Properties;
export function marked(text: string, uses: Use[]): string;
export function shortNames(properties: Properties): Record<string, string>;
