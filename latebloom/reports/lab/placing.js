// Placing: states of one question put into another, with undo, and dragging by mouse or pen.

const otherSide = (side) => side === "a" ? "b" : "a";

// What is placed: `target` is the question that is changed, `puts` what is put where, in order. Each change
// is a step; `entries` are the steps so far, those that were undone too, and `at` is the one that is shown.
function makePlacing() {
  let entries = [{ target: "a", puts: [] }], at = 0;
  const change = (next) => { entries = [...entries.slice(0, at + 1), next]; at = entries.length - 1; };
  return {
    get target() { return entries[at].target; },
    get puts() { return entries[at].puts; },
    get entries() { return entries; },
    get at() { return at; },
    get canUndo() { return at > 0; },
    get canRedo() { return at < entries.length - 1; },
    // A state of one question onto a place of the other; what was put into the first is taken back.
    place(side, from, to) {
      const now = entries[at], target = otherSide(side), kept = target === now.target ? now.puts.filter((put) => !samePlace(put.to, to)) : [];
      change({ target, puts: [...kept, { from, to }] });
    },
    clear() { const { target, puts } = entries[at]; if (puts.length) change({ target, puts: [] }); },
    undo() { if (at > 0) at--; },
    redo() { if (at < entries.length - 1) at++; },
    goTo(step) { at = Math.min(Math.max(step, 0), entries.length - 1); },
    // What a link says, as if it had been put in step by step.
    restore(target, puts) {
      entries = [{ target, puts: [] }, ...puts.map((_, i) => ({ target, puts: puts.slice(0, i + 1) }))];
      at = entries.length - 1;
    },
  };
}

const samePlace = (one, other) => one.loop === other.loop && one.boundary === other.boundary && one.position === other.position;
const placeExists = (place, result, layers) => place.loop < result.loops && place.boundary <= layers && place.position < result.n;

// The question of `target` with what is put into it, run. source: the other question's run.
function runPlaced(lab, number, target, source, puts) {
  const states = puts.map(({ from, to }) => ({ ...to, state: stateOf(lab, from, to, target, source) }));
  return lab.run(number, target.tokens, states);
}

// The answer that should come out where a state on the way is moved: that which follows from what the
// source finds there, the rest of the target's question, and the facts; null where they do not tell.
function expectedOf(lab, target, source, step) {
  const found = lab.world.truthOf(source.tokens).found[step], rest = lab.world.namesOf(target.tokens).slice(step + 2);
  const shape = lab.world.shapes.find((one) => one.orders[0].length === rest.length + 1);
  if (lab.data.derives !== "chain" || found === undefined) return lab.world.truthOf(source.tokens).answer;
  return shape && rest.length ? lab.world.truthOf(lab.world.asked(shape, [found, ...rest])).answer : null;
}

// The single state on the way which, moved from the source to the same place of the target, brings the
// expected answer with the highest probability; null where none does.
function suggest(lab, number, target, source) {
  let best = null;
  lab.world.stepsOf(target.tokens).forEach((step, i) => {
    const wanted = expectedOf(lab, target, source, i);
    if (wanted === null || wanted === target.answers[0].token) return;
    for (const { loop, boundary } of rowsOf(lab, target)) {
      const place = { loop, boundary, position: step.position };
      if ((loop === 0 && boundary === 0) || !placeExists(place, source, lab.data.config.n_layers)) continue;
      const [first] = runPlaced(lab, number, target, source, [{ from: place, to: place }]).answers;
      if (first.token === wanted && (!best || first.probability > best.probability)) best = { place, probability: first.probability };
    }
  });
  return best?.place ?? null;
}

// Dragging a cell of one grid onto a cell of another; touch picks and places by tapping instead.
function makeDragging(root, onDrop) {
  let from = null, ghost = null;
  const read = (cell) => {
    const [loop, boundary, position] = cell.dataset.place.split(".").map(Number);
    return { side: cell.closest("[data-side]").dataset.side, place: { loop, boundary, position } };
  };
  const end = () => {
    ghost?.remove();
    root.classList.remove("dragging");
    for (const cell of root.querySelectorAll(".over")) cell.classList.remove("over");
    from = ghost = null;
  };
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest?.(["a", "b", "c"].map((side) => `[data-side="${side}"] [data-place]`).join(", "));
  root.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("[data-place]");
    if (!cell || event.pointerType === "touch" || event.button || !["a", "b"].includes(cell.closest("[data-side]").dataset.side)) return;
    from = { ...read(cell), cell, x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointermove", (event) => {
    if (!from) return;
    if (!ghost) {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) < 6) return;
      ghost = document.body.appendChild(make("div", { class: "ghost" }, ...[...from.cell.children].map((child) => child.cloneNode(true))));
      root.classList.add("dragging");
      getSelection()?.removeAllRanges();
    }
    event.preventDefault();
    ghost.style.left = `${event.clientX + 10}px`;
    ghost.style.top = `${event.clientY + 6}px`;
    for (const cell of root.querySelectorAll(".over")) cell.classList.remove("over");
    const cell = under(event);
    if (cell && read(cell).side !== from.side) cell.classList.add("over");
  });
  document.addEventListener("pointerup", (event) => {
    if (ghost) {
      const cell = under(event), start = from;
      root.addEventListener("click", (click) => click.stopPropagation(), { capture: true, once: true });
      setTimeout(() => root.dispatchEvent(new Event("click")));
      end();
      if (cell && read(cell).side !== start.side) onDrop(start, read(cell));
    } else end();
  });
  document.addEventListener("pointercancel", end);
}
