export function withoutClasses(code: string): string;
