/**
 * The debug log: `localStorage.debug = 'meshwork:*,-meshwork:channel:*'`, or `DEBUG` in Node.
 * `debugLog` gives undefined for a namespace that is off, and callers write `log?.(…)`: switched
 * off, not even the arguments are evaluated.
 * Used by: whoever has something to tell a developer.
 */

export type DebugLog = (...values: unknown[]) => void;

/** A log for the namespace, or undefined unless the developer's patterns ask for it. */
export function debugLog(namespace: string): DebugLog | undefined {
  if (!isEnabled(namespace, readPatterns())) return undefined;
  // biome-ignore lint/suspicious/noConsole: this is where the debug log goes
  return (...values) => console.debug(namespace, ...values);
}

/** Comma-separated patterns with `*` for anything; one that begins with `-` excludes. */
export function isEnabled(namespace: string, patterns: string): boolean {
  const matches = (pattern: string) =>
    new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`).test(namespace);
  const list = patterns.split(/[\s,]+/).filter((pattern) => pattern !== '');
  if (list.some((pattern) => pattern.startsWith('-') && matches(pattern.slice(1)))) return false;
  return list.some((pattern) => !pattern.startsWith('-') && matches(pattern));
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function readPatterns(): string {
  try {
    const { process } = globalThis as {
      process?: { env?: { DEBUG?: string }; versions?: { node?: string } };
    };
    // By its version: bundlers put an empty process.env into pages, and Node warns of localStorage.
    if (process?.versions?.node) return process.env?.DEBUG ?? '';
    return globalThis.localStorage?.getItem('debug') ?? '';
  } catch {
    // Reading localStorage throws in sandboxed frames; then there is nothing to ask.
    return '';
  }
}
