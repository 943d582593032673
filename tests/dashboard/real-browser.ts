import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { build } from 'vite';
import { type FixtureData, type FixtureServer, startFixtureServer } from './fixture-server.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
/** Why tests that need a browser are skipped; false: there is one. */
export const missing = existsSync(CHROMIUM)
  ? false
  : `no browser at ${CHROMIUM}; install chromium or set CHROMIUM_PATH`;
/** What nobody should be able to have the page do. */
export const HOSTILE_NAME = '<img src=x onerror=alert(1)>';

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly fixture: FixtureServer;
  /** Console errors, uncaught errors, and requests to anywhere but the fixture. A test ends with none. */
  readonly complaints: string[];
}

export type PageOpener = (
  data: Partial<FixtureData>,
  options?: BrowserContextOptions,
  /** What stands behind the address, `#configuration`. */
  view?: string,
) => Promise<OpenPage>;

/** Builds the page and starts the browser before the file's tests, and stops it after them. */
export function withBrowser(): PageOpener {
  let browser: Browser;
  let folder: string;

  before(async () => {
    if (missing) return;
    folder = await mkdtemp(path.join(tmpdir(), 'nervesys-page-'));
    const configFile = path.resolve(import.meta.dirname, '../../vite.config.ts');
    await build({ configFile, logLevel: 'warn', build: { outDir: folder } });
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  after(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  return async (data, options = {}, view = '') => {
    const fixture = await startFixtureServer({ folder, ...data });
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(fixture.url)) complaints.push(`a request to ${request.url()}`);
    });
    await page.goto(`${fixture.url}/${view}`);
    return {
      page,
      fixture,
      complaints,
      async [Symbol.asyncDispose]() {
        await context.close();
        await fixture[Symbol.asyncDispose]();
      },
    };
  };
}

export const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? '';
