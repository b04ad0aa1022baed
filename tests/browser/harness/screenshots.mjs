// Pictures of every state, for a person to look at: target/screenshots/<state>-<lang>-<viewport>-<scheme>.png

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../target/screenshots/", import.meta.url));

export async function picture(page, name) {
  await mkdir(FOLDER, { recursive: true });
  await page.screenshot({ path: `${FOLDER}${name}.png`, fullPage: true, animations: "disabled" });
}
