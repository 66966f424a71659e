// Replacing a state by what is no state of the other question: the words and the buttons (states.js has
// the numbers). In a link a source is written n7 for noise, m for the mean, w12 for an embedding.

const isPlace = (source) => source.loop !== undefined;
const writeSource = (source) => isPlace(source) ? writePlace(source) : source.mean ? "m" : source.noise !== undefined ? `n${source.noise}` : `w${source.token}`;

// A source of a link; null where it says none.
function readSource(text, words) {
  const found = /^(?:(m)|n(\d{1,9})|w(\d{1,9}))$/.exec(text);
  if (!found) return null;
  const [, mean, noise, token] = found;
  if (mean) return { mean: true };
  if (noise) return { noise: Number(noise) };
  return Number(token) < words.length ? { token: Number(token) } : null;
}

// A source in words, as nodes.
function tellSource(lab, source, other) {
  if (source.mean) return [`the mean of this state over ${lab.world.meanOf} others at most`];
  if (source.noise !== undefined) return ["noise as long as the state itself"];
  if (source.token !== undefined) return ["the embedding of ", nameNode(lab.world.words[source.token])];
  return [`${boundaryName(other.loops, lab.data.config.n_layers, source.loop, source.boundary)}, at `, nameNode(lab.world.words[other.tokens[source.position]]), " of the other question"];
}

// Buttons and a field that replace the picked state; onReplace is told the source.
function makeReplacing(lab, tokens, place, onReplace) {
  const button = (text, source) => make("button", { type: "button", text, on: { click: () => onReplace(source()) } });
  const shape = lab.world.shapeOf(tokens), pool = lab.world.pools[shape.pools[0]];
  const field = makePicker({ label: "or the embedding of", words: lab.world.words, pool, token: pool[0], onPick: (token) => onReplace({ token }) });
  return make("div", { class: "tools replacing" }, make("span", { text: "Replace it by" }),
    button("noise", () => ({ noise: 1 + Math.floor(Math.random() * 1e6) })), button("its mean", () => ({ mean: true })), field.node);
}
