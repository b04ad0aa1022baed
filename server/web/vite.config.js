// Builds the pages' scripts and style sheets, named by their content, with a packed form beside each.
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// Style sheets carry the licence of what they are partly made of; minifying leaves no comment.
const licence = readFileSync(here("../../node_modules/beercss/LICENSE"), "utf8").trim();
const notice = `\n/* Parts of BeerCSS:\n\n${licence}\n*/\n`;

export default defineConfig({
  root: here("."),
  base: "/",
  publicDir: false,
  resolve: { alias: { "@daegeum/checkout": here("../../wasm-client/pkg/index.js") } },
  build: {
    manifest: true,
    target: "es2022",
    // A `data:` address would need a hole in the policy for what it is.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: {
        site: here("src/site.js"),
        checkout: here("src/checkout-page.js"),
        receipt: here("src/receipt-page.js"),
        shop: here("src/shop.js"),
      },
    },
  },
  plugins: [packed()],
});

// Packs once, as tightly as it goes, so that the server only has to choose.
function packed() {
  const packers = {
    ".gz": (bytes) => gzipSync(bytes, { level: 9 }),
    ".br": (bytes) =>
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  };
  return {
    name: "packed",
    apply: "build",
    writeBundle({ dir }) {
      const assets = join(dir, "assets");
      for (const name of readdirSync(assets)) {
        if (!/\.(js|css|wasm|svg)$/.test(name)) continue;
        if (name.startsWith("site-") && name.endsWith(".css")) appendFileSync(join(assets, name), notice);
        const bytes = readFileSync(join(assets, name));
        for (const [suffix, pack] of Object.entries(packers)) {
          writeFileSync(join(assets, name + suffix), pack(bytes));
        }
      }
    },
  };
}
