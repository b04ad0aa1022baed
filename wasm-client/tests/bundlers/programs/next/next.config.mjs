import { fileURLToPath } from "node:url";

// The folder that has node_modules, where the programs are built.
const root = fileURLToPath(new URL("../../..", import.meta.url));

export default {
  distDir: process.env.DAEGEUM_DIST,
  turbopack: { root },
  outputFileTracingRoot: root,
};
