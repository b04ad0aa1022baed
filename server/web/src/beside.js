// The window that a gateway's script opens beside the page. The script keeps it to itself, so it is noted on its way:
// a buyer who leaves the checkout must not find it open and approve what nobody listens to any more.

let opened = [];
let isWatching = false;

/** Notes windows that are opened from now on, and forgets those before. */
export function watchWindows() {
  opened = [];
  if (isWatching) return;
  isWatching = true;
  const open = window.open;
  window.open = (...how) => {
    const beside = open.apply(window, how);
    if (beside) opened.push(beside);
    return beside;
  };
}

/** Closes them; whether there was one to close. */
export function closeWindows() {
  for (const beside of opened) beside.close();
  return opened.length > 0;
}
