// The fields of a question over facts: a name for each place, and how many there are.

// title: of the question. onAsk: told the tokens that are to be asked.
function makeNameFields({ lab, title, onAsk }) {
  const { world } = lab, fields = make("div", { class: "fields" }), lengths = [...world.shapes.keys()];
  // Where questions of several kinds have as many names, each is called by its kind too.
  const size = (shape) => shape.orders[0].length, alike = (shape) => world.shapes.filter((one) => size(one) === size(shape)).length > 1;
  const called = (shape) => `${size(shape)} names` + (alike(shape) ? `, ${shape.kind}` : "");
  const length = make("select", { "aria-label": `Length of the ${title.toLowerCase()}` }, ...lengths.map((i) => make("option", { value: i, text: called(world.shapes[i]) })));
  let shown = null, pickers = [];
  length.addEventListener("change", () => {
    const shape = world.shapes[length.value], names = shape.pools.map((pool, i) => world.namesOf(shown)[i] ?? world.pools[pool][0]);
    onAsk(world.asked(shape, names.map((token, i) => world.pools[shape.pools[i]].includes(token) ? token : world.pools[shape.pools[i]][0])));
  });
  const build = (tokens) => {
    const shape = world.shapeOf(tokens);
    pickers = shape.pools.map((pool, i) => makePicker({
      label: shape.places[shape.orders[0][i]], words: world.words, pool: world.pools[pool], token: world.namesOf(tokens)[i],
      onPick: (token) => { const names = world.namesOf(shown).slice(); names[i] = token; onAsk(world.asked(shape, names)); },
    }));
    fields.replaceChildren(...pickers.map((picker) => picker.node));
    length.value = world.shapes.indexOf(shape);
  };
  return {
    node: fields, tools: lengths.length > 1 ? [length] : [],
    show({ tokens }) {
      if (!shown || world.shapeOf(shown) !== world.shapeOf(tokens)) build(tokens);
      shown = tokens;
      world.namesOf(shown).forEach((token, i) => pickers[i].set(token));
    },
  };
}
