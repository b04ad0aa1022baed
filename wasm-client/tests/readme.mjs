// The README's examples, as they are printed there.

import { readFileSync } from "node:fs";

const README = readFileSync(new URL("../pkg/README.md", import.meta.url), "utf8");

/** The code that begins with `// name`. */
export function example(name) {
  const [, code] = README.match(new RegExp("```js\\n// " + name.replace(".", "\\.") + "\\n([\\s\\S]*?)```")) ?? [];
  if (code === undefined) throw new Error(`the README has no ${name}`);
  return code.trim();
}

/** The page the first example is for. */
export function page() {
  const [, html] = README.match(/```html\n([\s\S]*?)```/) ?? [];
  if (html === undefined) throw new Error("the README has no page");
  return html;
}
