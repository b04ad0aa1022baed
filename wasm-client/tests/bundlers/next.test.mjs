// Next.js as a shop uses it: a route handler, a server component and a page, each with both of
// its bundlers.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { launch, shown } from "./chromium.mjs";
import { Contract } from "../contract.mjs";
import { BEGUN, OPENED, tool, workshop } from "./harness.mjs";

let server;
let browser;
before(async () => {
  server = await Contract.start();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

// Serves what was built at whichever port is free, and says where.
const SERVE = `
import { createServer } from "node:http";
import next from "next";
const app = next({ dev: false, dir: process.cwd(), hostname: "127.0.0.1" });
await app.prepare();
const serving = createServer(app.getRequestHandler());
serving.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + serving.address().port));
`;

for (const [bundler, option] of [
  ["Turbopack", "--turbopack"],
  ["webpack", "--webpack"],
]) {
  test(`Next.js with ${bundler}`, async () => {
    const programs = workshop(`next-${bundler}`);
    const folder = join(programs, "next");
    copyFileSync(join(programs, "backend.js"), join(folder, "backend.js"));
    const env = { ...process.env, DAEGEUM_URL: server.url, DAEGEUM_DIST: "out", NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
    await ended(spawn(process.execPath, [tool("next/dist/bin/next"), "build", option], { cwd: folder, env }));
    writeFileSync(join(folder, "serve.mjs"), SERVE);
    const serving = spawn(process.execPath, ["serve.mjs"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    try {
      const url = await address(serving.stdout);
      const said = async (path) => (await fetch(url + path)).text();
      assert.deepEqual(JSON.parse(await said("/handler")), BEGUN, "a route handler");
      const [, written] = (await said("/component")).match(/<pre>(.*?)<\/pre>/) ?? [];
      assert.deepEqual(JSON.parse(written.replaceAll("&quot;", '"')), BEGUN, "a server component");
      server.allow(url);
      const page = `${url}/?api=${encodeURIComponent(server.url)}#${server.session().token}`;
      assert.deepEqual(await shown(browser, page), OPENED, "a page");
    } finally {
      serving.kill();
    }
  });
}

/** What the server says when it listens, after what Next.js says. */
async function address(stdout) {
  for await (const line of createInterface(stdout)) if (line.startsWith("http://")) return line;
  throw new Error("The server has ended before it listened.");
}

async function ended(child) {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  assert.equal(code, 0, said);
}
