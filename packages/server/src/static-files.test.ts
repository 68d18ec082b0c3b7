import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawGet, serverForTest } from './testing.ts';

let base: string;
let root: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'meshwork-static-'));
  root = join(base, 'public');
  await mkdir(join(root, 'assets'), { recursive: true });
  await mkdir(join(root, '.git'));
  await mkdir(join(base, 'public-not'));
  const files: Record<string, string> = {
    'secret.txt': 'SECRET',
    'public-not/secret.txt': 'SECRET',
    'public/index.html': '<h1>Hi</h1>',
    'public/app.js': 'run()',
    'public/empty.txt': '',
    'public/with space.txt': 'space',
    'public/100%.txt': 'percent',
    'public/.env': 'SECRET',
    'public/.git/config': 'SECRET',
    'public/assets/index-BX1a2b3c.js': 'hashed',
    'public/assets/my-renderer.js': 'not hashed',
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(base, path), text);
  for (const kind of ['css', 'svg', 'json', 'png', 'ico', 'woff2', 'map', 'wasm', 'bin']) {
    await writeFile(join(root, `file.${kind}`), 'x');
  }
  await symlink(join(base, 'secret.txt'), join(root, 'link.txt'));
  await symlink(base, join(root, 'up'));
  await symlink(join(base, 'public-not'), join(root, 'sibling'));
  await symlink(join(root, 'app.js'), join(root, 'inside.js'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
});

afterAll(() => rm(base, { recursive: true }));

test('index.html for /, with the headers of a page', async () => {
  const { url } = await serverForTest({ staticDir: root });
  for (const target of ['/', '/index.html', '/?room=x', '/index.html?room=../x']) {
    const response = await fetch(url + target);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('<h1>Hi</h1>');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': '11',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringMatching(
        /default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:/,
      ),
    });
  }
});

test.each([
  ['app.js', 'text/javascript; charset=utf-8'],
  ['inside.js', 'text/javascript; charset=utf-8'],
  ['file.css', 'text/css; charset=utf-8'],
  ['file.svg', 'image/svg+xml'],
  ['file.json', 'application/json; charset=utf-8'],
  ['file.map', 'application/json; charset=utf-8'],
  ['file.png', 'image/png'],
  ['file.ico', 'image/x-icon'],
  ['file.woff2', 'font/woff2'],
  ['file.wasm', 'application/wasm'],
  ['file.bin', 'application/octet-stream'],
  ['with%20space.txt', 'text/plain; charset=utf-8'],
  ['100%25.txt', 'text/plain; charset=utf-8'],
])('the content type of %s is %s', async (name, type) => {
  const { url } = await serverForTest({ staticDir: root });
  const response = await fetch(`${url}/${name}`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  await response.arrayBuffer();
});

test('hashed assets are kept for good, others are asked for again', async () => {
  const { url } = await serverForTest({ staticDir: root });
  const cacheOf = async (path: string) => {
    const response = await fetch(url + path);
    await response.arrayBuffer();
    return response.headers.get('cache-control');
  };
  expect(await cacheOf('/assets/index-BX1a2b3c.js')).toBe('public, max-age=31536000, immutable');
  expect(await cacheOf('/assets/my-renderer.js')).toBe('no-cache');
  expect(await cacheOf('/app.js')).toBe('no-cache');
});

test.each([
  '/../secret.txt',
  '/./../secret.txt',
  '/assets/../../secret.txt',
  '/..',
  '/%2e%2e/secret.txt',
  '/%2E%2E%2fsecret.txt',
  '/..%2fsecret.txt',
  '/..%5csecret.txt',
  '/..\\secret.txt',
  '/%2e%2e%5c%2e%2e%5csecret.txt',
  '/%252e%252e/secret.txt',
  '/..%c0%afsecret.txt',
  '/..%00/secret.txt',
  '/app.js%00.html',
  '/link.txt',
  '/up/secret.txt',
  '/up/public-not/secret.txt',
  '/sibling/secret.txt',
  '/.env',
  '/.git/config',
  '/%2eenv',
  '/assets',
  '/assets/',
  '/index.html/',
  '/app.js/x',
  '/pipe',
  '/nothing',
  '//secret.txt',
  '//../secret.txt',
  'http://localhost/../secret.txt',
  '/%',
  '/%zz',
  '/100%.txt',
  `/${'a'.repeat(5_000)}`,
  '*',
])('not found: %s', async (target) => {
  const { port, url } = await serverForTest({ staticDir: root });
  const answer = await rawGet(port, target);
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  expect(answer).toContain('Content-Type: text/plain; charset=utf-8\r\n');
  expect(answer).toContain('X-Content-Type-Options: nosniff\r\n');
  expect(answer).not.toContain('SECRET');
  expect((await fetch(`${url}/app.js`)).status).toBe(200);
});

test.each(['secret.txt', '../secret.txt', '..\\secret.txt'])(
  'no request at all: %s',
  async (target) => {
    const { port } = await serverForTest({ staticDir: root });
    expect(await rawGet(port, target)).toMatch(/^HTTP\/1.1 400 /);
  },
);

test('HEAD gives the headers and no body', async () => {
  const { port } = await serverForTest({ staticDir: root });
  const found = await rawGet(port, '/app.js', 'HEAD');
  expect(found).toMatch(/^HTTP\/1.1 200 OK\r\n.*Content-Length: 5\r\n.*\r\n\r\n$/s);
  const missing = await rawGet(port, '/nothing', 'HEAD');
  expect(missing).toMatch(/^HTTP\/1.1 404 Not Found\r\n.*Content-Length: 9\r\n.*\r\n\r\n$/s);
});

test('an empty file is served', async () => {
  const { url } = await serverForTest({ staticDir: root });
  const response = await fetch(`${url}/empty.txt`);
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])('%s is not allowed', async (method) => {
  const { port } = await serverForTest({ staticDir: root });
  const answer = await rawGet(port, '/app.js', method);
  expect(answer).toMatch(/^HTTP\/1.1 405 .*Allow: GET, HEAD\r\n/s);
});

test('a weak ETag saves the second transfer until the file changes', async () => {
  const { url } = await serverForTest({ staticDir: root });
  const path = join(root, 'changing.txt');
  await writeFile(path, 'one');
  const get = (tag?: string) =>
    fetch(`${url}/changing.txt`, { headers: tag === undefined ? {} : { 'if-none-match': tag } });
  const first = await get();
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^W\/"[0-9a-f]+-[0-9a-f]+"$/);
  await first.text();
  for (const known of [tag, `"other", ${tag}`, '*']) {
    const again = await get(known);
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(tag);
    expect(again.headers.get('cache-control')).toBe('no-cache');
  }
  expect((await get('"other"')).status).toBe(200);
  await utimes(path, 1, 1);
  expect((await get(tag)).status).toBe(200);
});

test('a large file arrives whole, and a visitor who leaves in the middle does no harm', async () => {
  const { url } = await serverForTest({ staticDir: root });
  const bytes = Buffer.alloc(8_000_000, 'meshwork');
  await writeFile(join(root, 'large.bin'), bytes);
  const leaving = new AbortController();
  const response = await fetch(`${url}/large.bin`, { signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  const whole = Buffer.from(await (await fetch(`${url}/large.bin`)).arrayBuffer());
  expect(whole.equals(bytes)).toBe(true);
});

test('a folder that is not there is an error that names the option', async () => {
  for (const staticDir of [join(base, 'nowhere'), join(root, 'app.js')]) {
    await expect(serverForTest({ staticDir })).rejects.toMatchObject({
      name: 'ServerError',
      code: 'no-static-dir',
      message: expect.stringContaining('--static'),
    });
  }
});
