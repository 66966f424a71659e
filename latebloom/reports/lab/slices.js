// Long work in short slices, so that a click that comes meanwhile is answered at once.

const SLICE = 12; // milliseconds at a stretch

// Does `work(item, i)` for every item, `onSlice(done)` after each stretch. Returns how to stop it. Work
// that returns true is the last.
function inSlices(items, work, onSlice) {
  let at = 0, waiting = setTimeout(next, 0);
  function next() {
    const end = performance.now() + SLICE;
    let enough = false;
    while (at < items.length && !enough && performance.now() < end) { enough = work(items[at], at) === true; at++; }
    const more = at < items.length && !enough;
    if (more) waiting = setTimeout(next, 0);
    onSlice(at, !more);
  }
  return () => clearTimeout(waiting);
}
