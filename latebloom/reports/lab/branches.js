// A tree over words as a picture; the same drawing as latebloom/reports/tree_drawing.py.

const LETTER = 7.6, SPACE = 16, STOREY = 26; // width of a letter, space between words, height of a level

// spans: nodes of two words or more, as [first, last] word from 0, none of which cross. shared: those of the
// tree beside it, whose colour is another one.
function drawTree({ words, spans, shared, title }) {
  const n = words.length, names = words.map((word) => visible(word, 16)), beside = new Set(shared.map(keyOf));
  let x = 12;
  const centre = names.map((name) => { const wide = LETTER * [...name].length, at = x + wide / 2; x += wide + SPACE; return at; });
  const width = Math.max(x - SPACE + 12, LETTER * title.length + 24);
  const nodes = [...new Map([[0, n - 1], ...spans].map((span) => [keyOf(span), span])).values()].filter(([first, last]) => last > first).sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  // Nodes come outer ones first, so the last open one that holds a node is its parent.
  const below = new Map(nodes.map((span) => [span, []])), open = [];
  for (const span of nodes) {
    while (open.length && open[open.length - 1][1] < span[0]) open.pop();
    if (open.length) below.get(open[open.length - 1]).push(span);
    open.push(span);
  }
  const place = new Map();
  for (const span of [...nodes].reverse()) {
    const inner = below.get(span), words = Array.from({ length: span[1] - span[0] + 1 }, (_, i) => span[0] + i).filter((word) => !inner.some(([first, last]) => first <= word && word <= last));
    const parts = [...inner.map((one) => place.get(one)), ...words.map((word) => ({ x: centre[word], level: 0 }))];
    place.set(span, { x: parts.reduce((sum, part) => sum + part.x, 0) / parts.length, level: 1 + Math.max(...parts.map((part) => part.level)), parts });
  }
  const depth = Math.max(0, ...[...place.values()].map(({ level }) => level)), ground = 34 + STOREY * depth, height = ground + 30;
  const lines = nodes.flatMap((span) => place.get(span).parts.map((part) => svgNode("line", {
    class: beside.has(keyOf(span)) || !shared.length ? "branch both" : "branch", x1: place.get(span).x.toFixed(1), y1: ground - STOREY * place.get(span).level, x2: part.x.toFixed(1), y2: ground - STOREY * part.level,
  })));
  const text = (attributes, told) => { const one = svgNode("text", attributes); one.textContent = told; return one; };
  const picture = svgNode("svg", { viewBox: `0 0 ${width.toFixed(0)} ${height}`, width: width.toFixed(0), height, role: "img", "aria-label": `${title}: ${bracketsOf(names, nodes)}` },
    text({ x: 12, y: 16, class: "title" }, title), ...lines, ...names.map((name, i) => text({ x: centre[i].toFixed(1), y: ground + 16, "text-anchor": "middle" }, name)));
  return make("div", { class: "wide", role: "group", tabindex: 0, "aria-label": title }, picture);
}
