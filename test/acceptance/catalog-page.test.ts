/** The page of `lethe catalog --format html` (issue 4), looked at in Chromium. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axeCore from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../stack/browser.ts';
import { folderOf, lethe } from './command.ts';
import { HOSTILE, HOSTILE_CONFIG } from './hostile-config.ts';

const AXE = axeCore.source;
const WIDTHS = [360, 768, 1280];

const folder = folderOf(HOSTILE_CONFIG);
const pages = { example: join(folder, 'example.html'), hostile: join(folder, 'hostile.html') };
let browser: Browser;

beforeAll(async () => {
  const ran = await Promise.all([
    openBrowser(),
    lethe(['catalog', 'config', '--format', 'html', '--out', pages.example]),
    lethe(['catalog', join(folder, 'config'), '--format', 'html', '--out', pages.hostile]),
  ]);
  browser = ran[0];
  expect(ran.slice(1).map((one) => ('code' in one ? [one.code, one.stdout] : one))).toEqual([
    [0, ''],
    [0, ''],
  ]);
}, 600_000);

afterAll(async () => {
  await browser?.close();
});

/** Opens a page, and tells at the end what it asked the network for and said on the console. */
async function look<T>(
  file: string,
  options: BrowserContextOptions,
  seen: (page: Page) => Promise<T>,
): Promise<{ readonly result: T; readonly requests: string[]; readonly console: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const requests: string[] = [];
  const said: string[] = [];
  const address = pathToFileURL(file).href;
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:')) requests.push(request.url());
  });
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(address, { waitUntil: 'load' });
  const result = await seen(page);
  await context.close();
  return { result, requests, console: said };
}

type Axe = { readonly violations: string[]; readonly undecided: string[]; readonly checked: number };

/** All rules of axe; contrast of which it is not sure is a finding too. */
async function axe(page: Page): Promise<Axe> {
  await page.evaluate(AXE);
  return (await page.evaluate(`(async () => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const { violations, incomplete, passes } = await axe.run(document, { resultTypes: ['violations', 'incomplete', 'passes'] });
    const named = (results) => results.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ' ' + failureSummary));
    return {
      violations: named(violations),
      undecided: named(incomplete.filter(({ id }) => id === 'color-contrast')),
      checked: passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0,
    };
  })()`)) as Axe;
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') as Promise<number>;

describe.each(['example', 'hostile'] as const)('the page of the %s configuration', (name) => {
  it.each(['light', 'dark'] as const)(
    'is accessible in %s, contrast included, and asks the network for nothing',
    async (colorScheme) => {
      for (const width of [360, 1280]) {
        const seen = await look(pages[name], { colorScheme, viewport: { width, height: 800 } }, axe);
        expect(seen.result.violations).toEqual([]);
        expect(seen.result.undecided).toEqual([]);
        expect(seen.result.checked).toBeGreaterThan(20);
        expect(seen.requests).toEqual([]);
        expect(seen.console).toEqual([]);
      }
    },
  );

  it('does not scroll sideways, on a phone, a tablet or a desk', async () => {
    const { result } = await look(pages[name], {}, async (page) => {
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      const beyond: [number, number][] = [];
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        beyond.push([width, await overflow(page)]);
      }
      return beyond;
    });
    expect(result).toEqual(WIDTHS.map((width) => [width, 0]));
  });

  it('says all without a script, the search box apart', async () => {
    const { result } = await look(pages[name], { javaScriptEnabled: false }, async (page) => ({
      topics: await page.locator('main section.topic').count(),
      visible: await page.locator('main section.topic').first().isVisible(),
      search: await page.locator('#find').isVisible(),
    }));
    expect(result).toEqual({ topics: name === 'example' ? 4 : 1, visible: true, search: false });
  });
});

describe('the page of the example configuration', () => {
  it('has other colours in the dark', async () => {
    const colours = (colorScheme: 'light' | 'dark') =>
      look(pages.example, { colorScheme }, (page) =>
        page.evaluate('[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]'),
      );
    const [light, dark] = [await colours('light'), await colours('dark')];
    expect(light.result).toEqual(['rgb(246, 247, 245)', 'rgb(27, 35, 39)']);
    expect(dark.result).toEqual(['rgb(16, 21, 23)', 'rgb(230, 235, 233)']);
  });

  it('finds a field, shows its topics alone, and says how many', async () => {
    const { result } = await look(pages.example, {}, async (page) => {
      await page.getByRole('searchbox').fill('allergies');
      const named = await page.locator('main section.topic:visible h2').allTextContents();
      const rows = await page.locator('main tr[data-field]:visible th').allTextContents();
      const links = await page.locator('nav li:visible').count();
      const said = await page.getByRole('status').textContent();
      await page.getByRole('searchbox').fill('');
      return { named, rows, links, said, after: await page.locator('main section.topic:visible').count() };
    });
    expect(result.named).toEqual([
      'clean.analytics.customer-events',
      'clean.fraud.customer-events',
      'clean.partner-acme.customer-events',
    ]);
    expect(result.rows).toEqual(['customer.allergies[]', 'customer.allergies[]', 'customer.allergies[]']);
    expect(result).toMatchObject({ links: 3, said: '3 topics shown; 3 fields with this text', after: 4 });
  });

  it('is walked by keyboard: a link past the contents comes first, and shows where one is', async () => {
    const { result } = await look(pages.example, {}, async (page) => {
      const link = page.getByRole('link', { name: 'Skip to the topics' });
      const before = (await link.boundingBox())?.y ?? 0;
      await page.keyboard.press('Tab');
      const after = (await link.boundingBox())?.y ?? 0;
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      await page.keyboard.press('Enter');
      return { before, after, outline, at: await page.evaluate('document.activeElement.id') };
    });
    expect(result.before).toBeLessThan(0);
    expect(result.after).toBeGreaterThanOrEqual(0);
    expect(result).toMatchObject({ outline: 'solid', at: 'topics' });
  });

  it('tells of every topic in tables that keep their meaning on a phone', async () => {
    const { result } = await look(pages.example, { viewport: { width: 360, height: 800 } }, async (page) => {
      const topic = page.getByRole('region', { name: 'clean.analytics.customer-events' });
      const row = topic.getByRole('row', { name: /customer\.email/ });
      return {
        header: await row.getByRole('rowheader').textContent(),
        cells: (await row.getByRole('cell').allTextContents()).map((text) => text.trim()),
        text: await topic.textContent(),
      };
    });
    expect(result.header).toBe('customer.email');
    expect(result.cells).toEqual(['user.contact.email', 'masked: first letter and domain kept', '180 days']);
    for (const part of ['web analysts', 'u***@example.com', 'payment.iban', 'no rule of this topic releases it']) {
      expect(result.text).toContain(part);
    }
    expect(result.text).not.toContain('user1@example.com');
  });

  it('prints with every schema open and without the search box', async () => {
    const { result } = await look(pages.example, {}, async (page) => {
      await page.emulateMedia({ media: 'print' });
      return {
        search: await page.locator('#find').isVisible(),
        schema: (await page.locator('details pre').first().boundingBox())?.height ?? 0,
      };
    });
    expect(result.search).toBe(false);
    expect(result.schema).toBeGreaterThan(100);
  });
});

describe('the page of a hostile configuration', () => {
  it('shows markup in names, texts and values as text', async () => {
    const { result } = await look(pages.hostile, {}, async (page) => ({
      ran: await page.evaluate('globalThis.ran ?? null'),
      scripts: await page.locator('script').count(),
      images: await page.locator('img').count(),
      text: await page.locator('main').textContent(),
    }));
    expect(result).toMatchObject({ ran: null, scripts: 1, images: 0 });
    for (const text of Object.values(HOSTILE)) expect(result.text).toContain(text);
  });

  it('runs no script that was not written by Lethe, were one ever to get in', async () => {
    const html = readFileSync(pages.hostile, 'utf8').replace('</main>', '<script>globalThis.ran = 1</script></main>');
    const broken = join(folder, 'broken.html');
    writeFileSync(broken, html);
    const { result } = await look(broken, {}, (page) => page.evaluate('globalThis.ran ?? null'));
    expect(result).toBe(null);
  });
});
