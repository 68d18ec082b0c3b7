/**
 * Remembered name: what the person called themselves the last time.
 * Used by: main.ts.
 */

const KEY = 'meshwork-chat:name';

export function rememberedName(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return ''; // storage is switched off: the field starts empty
  }
}

export function rememberName(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // storage is switched off: the name lasts as long as the page
  }
}
