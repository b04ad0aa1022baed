// A buyer without a mouse.

import assert from "node:assert/strict";

/** Tabs on until what `selector` says has the focus, and sees that one can tell. */
export async function tabTo(page, selector) {
  const MOST = 80;
  for (let tabs = 0; tabs < MOST; tabs += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  assert.fail(`${MOST} tabs do not lead to ${selector}`);
}

/** What has the focus is marked as having it: by an outline of its own or of what it stands in. */
export async function focusIsSeen(page) {
  const outlined = await page.evaluate(() => {
    const has = (element) => element && getComputedStyle(element).outlineStyle !== "none";
    const focused = document.activeElement;
    return has(focused) || has(focused.closest("label, .field"));
  });
  assert.ok(outlined, "nothing shows what has the focus");
}
