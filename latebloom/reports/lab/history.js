// The steps that were taken in an experiment, each a button that goes back to it.

// placing: what is placed, with its steps. tell(entry): the nodes that say what the last change of a step
// was. onGo: called when another step was chosen. It stays closed, or open, while all around is drawn anew.
function makeHistory({ placing, tell, onGo }) {
  const list = make("ol", { class: "steps", start: 0 }), node = make("details", { class: "taken" }, make("summary", { text: "History" }), list);
  const line = (entry, i) => make("li", {}, make("button", {
    type: "button", "aria-current": i === placing.at ? "step" : undefined, on: { click: () => { placing.goTo(i); onGo(i); } },
  }, ...(i === 0 && !entry.puts.length ? ["nothing moved"] : entry.puts.length ? tell(entry) : ["cleared"])));
  return {
    node,
    draw() {
      node.hidden = placing.entries.length < 2;
      list.replaceChildren(...placing.entries.map(line));
    },
    // The button of a step, to be focused again after all is drawn anew.
    focus(i) { list.children[i]?.firstElementChild.focus(); },
  };
}
