// An order's title in the page's language: its first line, and how many more there are. The server's own is for gateways
// and statements, and Korean.

import { count } from "./format.js";

/** The title of `order`. `place` has the words for further lines (`data-words="and_more"`). */
export function titleOf({ lines: [first, ...others] }, place) {
  if (others.length === 0) return first.name;
  const more = place.querySelector('[data-words="and_more"]').textContent;
  return first.name + more.replace("{count}", count(others.length));
}
