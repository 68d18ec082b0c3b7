/**
 * The chat kit as its visitors meet it: found by accessible names only, in Chromium and Firefox,
 * with the page, the server and the packages as `npm run build` made them.
 */

import { type Browser, type BrowserContext, chromium, firefox, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch, firefoxLaunch } from '../browsers.ts';

interface Server {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The built server: what users run, which the compiler does not need to know. */
async function startServer(options: { port: number; staticDir?: string }): Promise<Server> {
  const built = new URL('../../packages/server/dist/index.mjs', import.meta.url).href;
  return (await import(built)).startServer(options);
}

const PATIENCE_MS = 15_000;

let chrome: Browser;
let fox: Browser;
let server: Server;
const contexts: BrowserContext[] = [];
/** What a page should not say: errors, warnings about its policy. */
const complaints: string[] = [];

beforeAll(async () => {
  server = await startServer({ port: 0, staticDir: 'kits/chat/dist' });
  [chrome, fox] = await Promise.all([
    chromium.launch(chromiumLaunch),
    firefox.launch(firefoxLaunch),
  ]);
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  expect(complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await Promise.all([chrome?.close(), fox?.close()]);
  await server?.close();
});

async function newPage(browser: Browser, options = {}): Promise<Page> {
  const context = await browser.newContext(options);
  contexts.push(context);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return page;
}

/** Opens the kit in a browser of its own, and joins. */
async function join(browser: Browser, name: string, address = '/'): Promise<Page> {
  const page = await newPage(browser);
  await page.goto(new URL(address, server.url).href);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Your name').press('Enter');
  await message(page).waitFor();
  return page;
}

const message = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
const status = (page: Page) => page.getByRole('status');
const person = (page: Page, name: string) =>
  page.getByRole('list', { name: 'People' }).getByRole('listitem').filter({ hasText: name });

async function write(page: Page, text: string): Promise<void> {
  await message(page).fill(text);
  await message(page).press('Enter');
}

/** Waits until both know of each other and messages would arrive. */
async function meet(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) {
    await log(page).getByText(`${name} joined`).last().waitFor();
    await person(page, name)
      .getByText(/Direct|Connected/)
      .waitFor();
  }
}

const distanceFromEnd = (element: HTMLElement | SVGElement) =>
  element.scrollHeight - element.scrollTop - element.clientHeight;

const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    return element?.labels?.[0]?.textContent ?? element?.textContent ?? '';
  });

describe('the chat kit', () => {
  it('lets two Chromiums and a Firefox see each other, talk, leave and come back', async () => {
    const ada = await join(chrome, 'Ada');
    const bob = await join(chrome, 'Bob');
    const eve = await join(fox, 'Eve');
    await Promise.all([meet(ada, 'Bob', 'Eve'), meet(bob, 'Ada', 'Eve'), meet(eve, 'Ada', 'Bob')]);
    await person(ada, 'Ada').getByText('You').waitFor();
    await person(ada, 'Eve')
      .getByText(/Direct/)
      .waitFor();
    await person(eve, 'Ada')
      .getByText(/Direct/)
      .waitFor();

    await write(ada, 'Hello from Ada');
    await write(eve, 'Hello from Eve');
    for (const page of [ada, bob, eve]) {
      await log(page).getByText('Hello from Ada').waitFor();
      await log(page).getByText('Hello from Eve').waitFor();
    }
    await log(ada).getByText('Ada (you)').waitFor();
    expect(await message(ada).inputValue()).toBe('');

    await bob.getByRole('button', { name: 'Leave' }).click();
    await person(ada, 'Bob').waitFor({ state: 'detached', timeout: 2_000 });
    await person(eve, 'Bob').waitFor({ state: 'detached', timeout: 2_000 });
    await log(ada).getByText('Bob left').waitFor();
    expect(await focused(bob)).toBe('Your name');
    await log(bob).getByText('Hello from Eve').waitFor();

    await write(ada, 'Bob is away');
    await log(eve).getByText('Bob is away').waitFor();
    await bob.getByRole('button', { name: 'Join' }).click();
    await person(ada, 'Bob')
      .getByText(/Direct/)
      .waitFor();
    await person(bob, 'Eve')
      .getByText(/Direct/)
      .waitFor();
    await log(bob).getByText('You came back').waitFor();
    await write(bob, 'Here I am again');
    await log(ada).getByText('Here I am again').waitFor();
    await log(eve).getByText('Here I am again').waitFor();
    await write(ada, 'Welcome back');
    await log(bob).getByText('Welcome back').waitFor();
    expect(await log(bob).getByText('Bob is away').count()).toBe(0);
  });

  it('keeps rooms apart, and leads into one by its link', async () => {
    const ada = await join(chrome, 'Ada', '/#tea-room');
    const bob = await join(chrome, 'Bob', '/?room=tea-room');
    const eve = await join(chrome, 'Eve', '/#another');
    await ada.getByRole('heading', { name: 'tea-room' }).waitFor();
    await Promise.all([meet(ada, 'Bob'), meet(bob, 'Ada')]);
    await write(ada, 'Only for this room');
    await log(bob).getByText('Only for this room').waitFor();
    await eve.getByText('Nobody else is here yet.').waitFor();
    expect(await log(eve).textContent()).toBe('');
    expect(await eve.getByRole('listitem').count()).toBe(1);

    await write(eve, 'Is this on?');
    await log(eve).getByText('Nobody else was here to read this.').waitFor();
  });

  it('shows what strangers send as text', async () => {
    const ada = await join(chrome, '<i>Ada</i>', '/#xss');
    const bob = await join(fox, 'Bob', '/#xss');
    await Promise.all([meet(ada, 'Bob'), meet(bob, '<i>Ada</i>')]);
    const markup = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>';
    await write(ada, markup);
    await write(ada, 'مرحبا 🙂 https://example.org/?a=1&b=2');
    await log(bob).getByText(markup).waitFor();
    await log(bob).getByText('مرحبا 🙂 https://example.org/?a=1&b=2').waitFor();
    expect(await log(bob).locator('img, b, i, a, script').count()).toBe(0);
    expect(await bob.title()).toContain('xss');
  });

  it('ignores empty messages, and asks for a name', async () => {
    const ada = await newPage(chrome);
    await ada.goto(`${server.url}/#empty`);
    await ada.getByRole('button', { name: 'Join' }).click();
    await status(ada).getByText('Write your name first').waitFor();
    expect(await focused(ada)).toBe('Your name');
    await ada.getByLabel('Your name').fill('  Ada ');
    await ada.getByRole('button', { name: 'Join' }).click();
    await write(ada, '   ');
    await ada.getByRole('button', { name: 'Send' }).click();
    await write(ada, 'words');
    await log(ada).getByText('words').waitFor();
    expect(await log(ada).getByText('Ada (you)').count()).toBe(1);
  });

  it('works with the keyboard alone', async () => {
    const ada = await join(chrome, 'Ada', '/#keys');
    const bob = await newPage(chrome);
    await bob.goto(`${server.url}/#keys`);
    await expect.poll(() => focused(bob)).toBe('Your name');
    await bob.keyboard.type('Bob');
    await bob.keyboard.press('Enter');
    await expect.poll(() => focused(bob)).toBe('Message');
    await Promise.all([meet(ada, 'Bob'), meet(bob, 'Ada')]);
    await bob.keyboard.type('Written without a mouse');
    await bob.keyboard.press('Enter');
    await log(ada).getByText('Written without a mouse').waitFor();
    const seen: string[] = [];
    while (!seen.includes('Leave') && seen.length < 12) {
      await bob.keyboard.press('Shift+Tab');
      seen.push(await focused(bob));
    }
    expect(seen).toContain('Leave');
    await bob.keyboard.press('Enter');
    await expect.poll(() => focused(bob)).toBe('Your name');
    await person(ada, 'Bob').waitFor({ state: 'detached' });
  });

  it('remembers the name, and says goodbye when the page is reloaded', async () => {
    const ada = await join(chrome, 'Ada', '/#reload');
    const bob = await join(fox, 'Bob', '/#reload');
    await Promise.all([meet(ada, 'Bob'), meet(bob, 'Ada')]);
    await ada.reload();
    await person(bob, 'Ada').waitFor({ state: 'detached', timeout: 5_000 });
    expect(await ada.getByLabel('Your name').inputValue()).toBe('Ada');
    await ada.getByLabel('Your name').press('Enter');
    await person(bob, 'Ada')
      .getByText(/Direct/)
      .waitFor();
  });

  it('keeps no more than 500 entries, the newest', async () => {
    const ada = await join(chrome, 'Ada', '/#long');
    const bob = await join(chrome, 'Bob', '/#long');
    await Promise.all([meet(ada, 'Bob'), meet(bob, 'Ada')]);
    await bob.evaluate(() => {
      const field = document.querySelector<HTMLInputElement>('#message');
      for (let index = 1; index <= 520 && field; index += 1) {
        field.value = `line ${index}.`;
        field.form?.requestSubmit();
      }
    });
    await log(ada).getByText('line 520.').waitFor();
    expect(await log(ada).locator(':scope > *').count()).toBe(500);
    await expect.poll(() => log(ada).evaluate(distanceFromEnd)).toBeLessThan(2);
    expect(await log(ada).getByText('line 20.', { exact: true }).count()).toBe(0);
  });

  it('goes on without the signaling server, and says so', async () => {
    const own = await startServer({ port: 0 });
    const address = (room: string) => `/?server=${own.url}#${room}`;
    const ada = await join(chrome, 'Ada', address('outage'));
    const bob = await join(chrome, 'Bob', address('outage'));
    await Promise.all([meet(ada, 'Bob'), meet(bob, 'Ada')]);

    await own.close();
    await status(ada).getByText('The signaling server is lost.').waitFor();
    await write(bob, 'Still here');
    await log(ada).getByText('Still here').waitFor();

    const late = await newPage(chrome);
    await late.goto(new URL(address('outage'), server.url).href);
    await late.getByLabel('Your name').fill('Late');
    await late.getByRole('button', { name: 'Join' }).click();
    await status(late)
      .getByText('Could not join. The signaling server cannot be reached.')
      .waitFor();
    expect(await focused(late)).toBe('Your name');

    const again = await startServer({ port: own.port });
    await status(ada).getByText('The signaling server is back.').waitFor();
    await late.getByRole('button', { name: 'Join' }).click();
    await meet(late, 'Ada', 'Bob');
    await write(late, 'Better late');
    await log(bob).getByText('Better late').waitFor();
    // A browser says of itself when a server does not answer; that is no fault of the page.
    const ownWords = complaints.splice(0).filter((text) => !text.includes('WebSocket connection'));
    expect(ownWords).toEqual([]);
    await again.close();
  });

  it('fits a phone', async () => {
    const page = await newPage(chrome, { viewport: { width: 360, height: 640 }, hasTouch: true });
    await page.goto(`${server.url}/#phone`);
    await page.getByLabel('Your name').fill('A'.repeat(40));
    await page.getByRole('button', { name: 'Join' }).click();
    await write(page, 'x'.repeat(600));
    const fits = await page.evaluate(
      () =>
        document.documentElement.scrollWidth <= 360 && document.documentElement.scrollHeight <= 640,
    );
    expect(fits).toBe(true);
    const sizes = await page
      .locator('input:visible')
      .evaluateAll((fields) => fields.map((field) => getComputedStyle(field).fontSize));
    expect(sizes).toEqual(['16px']);
    const send = await page.getByRole('button', { name: 'Send' }).boundingBox();
    expect((send?.x ?? 0) + (send?.width ?? 999)).toBeLessThanOrEqual(360);
  });
});
