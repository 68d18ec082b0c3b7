/**
 * Snippets: the code blocks of a Markdown file, as programs that can be run.
 * Used by: docs.test.ts.
 */

/** How a program wants to be run. */
export type Runner = 'page' | 'node' | 'node --test' | 'vitest';

/** A program: one block, or a block and those that continue it. */
export interface Snippet {
  readonly line: number;
  readonly runner: Runner;
  /** The file name it goes by in other blocks of the document. */
  readonly name: string;
  readonly code: string;
}

/** What a page can import; whatever imports more runs in Node. */
export const PAGE_MODULES: Readonly<Record<string, string>> = {
  meshwork: 'packages/core/dist/index.mjs',
  'socket.io-client': 'node_modules/socket.io-client/dist/socket.io.esm.min.js',
};

/**
 * The blocks of `js` and `ts`. After the language may follow `more`, which continues the block
 * before it, or a file name, under which other blocks of the document can import it.
 */
export function snippetsOf(markdown: string): Snippet[] {
  const snippets: { line: number; name: string; code: string }[] = [];
  for (const match of markdown.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```/gm)) {
    const [, language, info = '', code = ''] = match;
    if (language !== 'js' && language !== 'ts') continue;
    const last = snippets.at(-1);
    if (info.trim() === 'more' && last) {
      last.code += code;
    } else {
      const line = markdown.slice(0, match.index).split('\n').length;
      snippets.push({ line, name: info.trim() || nameFor(line, code), code });
    }
  }
  return snippets.map((snippet) => ({ ...snippet, runner: runnerOf(snippet.code) }));
}

function nameFor(line: number, code: string): string {
  if (/\brequire\(/.test(code)) return `line-${line}.cjs`;
  return runnerOf(code) === 'page' || runnerOf(code) === 'node'
    ? `line-${line}.mjs`
    : `line-${line}.test.mjs`;
}

function runnerOf(code: string): Runner {
  const imports = Array.from(
    code.matchAll(/from '([^']+)'|require\('([^']+)'\)/g),
    (m) => m[1] ?? m[2] ?? '',
  );
  if (imports.includes('vitest')) return 'vitest';
  if (imports.includes('node:test')) return 'node --test';
  const isForPage = imports.every((name) => name in PAGE_MODULES) && !/\bwebrtc\b/.test(code);
  return isForPage ? 'page' : 'node';
}
