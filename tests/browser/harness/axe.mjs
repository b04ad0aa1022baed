// Whether everybody can use a page, as far as a program can tell: axe finds nothing serious or critical.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const SOURCE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const COUNTS = new Set(["serious", "critical"]);

/** Fails with what was found and where. */
export async function isForEverybody(page, state) {
  // Evaluated by the browser's own hand, which the page's content policy does not bind.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(SOURCE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations
    .filter(({ impact }) => COUNTS.has(impact))
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `    ${node.html}`).join("\n")}`);
  assert.deepEqual(found, [], `${state} cannot be used by everybody`);
}
