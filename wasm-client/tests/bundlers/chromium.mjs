// A page in Chromium, and what it says of itself.

import { chromium } from "playwright-core";

const ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"];

export function launch() {
  const executablePath = process.env.DAEGEUM_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ARGS });
}

/** What a page writes into `data-said` of its body: JSON, or why there is none. */
export async function shown(browser, url) {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    await page.waitForFunction(() => document.body?.dataset.said);
    const said = await page.evaluate(() => document.body.dataset.said);
    return said.startsWith("{") ? JSON.parse(said) : said;
  } finally {
    await page.close();
  }
}
