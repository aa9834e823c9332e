export function shorter(code: string): Promise<string>;
