// Chromium, and what no page of ours may do in it: break its content policy, throw, or answer 500.

import { chromium } from "playwright-core";

export const VIEWPORTS = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 860 },
};

const LOCALES = { ko: "ko-KR", en: "en-GB" };

/** How long anything on a page may take; two processors run the server, the browser and all of it at once. */
export const PATIENCE_MS = 20_000;

export function launch() {
  return chromium.launch({
    executablePath: process.env.DAEGEUM_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Somebody's browser: cookies and storage of its own, and a watch over every page of it. */
export async function newVisitor(browser, { lang, viewport, scheme }, more = {}) {
  const context = await browser.newContext({
    ...more,
    locale: LOCALES[lang],
    timezoneId: "Asia/Seoul",
    viewport: VIEWPORTS[viewport],
    hasTouch: viewport === "phone",
    isMobile: viewport === "phone",
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const wrongs = more.javaScriptEnabled === false ? [] : await watch(context);
  return { context, wrongs };
}

/** Collects what is wrong on any page of this browser. */
async function watch(context) {
  const wrongs = [];
  await context.exposeBinding("toldOfViolation", ({ page }, violation) => {
    wrongs.push(`content policy broken at ${page.url()}: ${violation}`);
  });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const what = `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile ?? ""}:${event.lineNumber}`;
      window.toldOfViolation(what);
    });
  });
  context.on("weberror", (thrown) => wrongs.push(`thrown: ${thrown.error().stack ?? thrown.error()}`));
  context.on("console", (message) => {
    const breaks = /content security policy|refused to/i;
    if (message.type() === "error" && breaks.test(message.text())) wrongs.push(`console: ${message.text()}`);
  });
  context.on("response", (answer) => {
    if (answer.status() === 500) wrongs.push(`${answer.request().method()} ${answer.url()} answered 500`);
  });
  return wrongs;
}
