// Puts values where the server left places for them. The words around them are on the page already.

const BLANK = /\{(\w+)\}/g;

/** Fills `[data-fill]`, `[data-sentence]` and shows those `[data-row]` whose value there is. */
export function fill(scope, values) {
  const has = (name) => values[name] !== undefined && values[name] !== null && values[name] !== "";
  for (const place of scope.querySelectorAll("[data-fill]")) {
    const { fill: name } = place.dataset;
    if (name in values) place.textContent = has(name) ? values[name] : "";
  }
  for (const place of scope.querySelectorAll("[data-sentence]")) {
    const { sentence } = place.dataset;
    const names = [...sentence.matchAll(BLANK)].map((found) => found[1]);
    if (names.every(has)) place.textContent = sentence.replace(BLANK, (_, name) => values[name]);
  }
  for (const row of scope.querySelectorAll("[data-row]")) {
    if (row.dataset.row in values) row.hidden = !has(row.dataset.row);
  }
}

/** Shows what stands for one of the conditions that hold, and hides what stands for the others. */
export function meet(scope, conditions) {
  for (const part of scope.querySelectorAll("[data-when]")) part.hidden = !conditions.includes(part.dataset.when);
  for (const part of scope.querySelectorAll("[data-unless]")) part.hidden = conditions.includes(part.dataset.unless);
}

/** Of the words below `root` for `name` (`data-gateway="TOSS"`), shows those for `value` and hides the others. */
export function choose(root, name, value) {
  for (const one of root.querySelectorAll(`[data-${name}]`)) one.hidden = one.dataset[name] !== value;
}
