export function withShortClasses(text: string, taken?: Map<string, string>): string;
