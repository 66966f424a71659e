// The tour: the stations of the page, each with both models side by side.

function startTour() {
  const text = (id) => document.getElementById(id).textContent, NAMES = ["plain", "looped"];
  const labs = Object.fromEntries(NAMES.map((name) => [name, makeLaboratory(JSON.parse(text(`data-${name}`)), (number) => text(`weights-${name}-${number}`))]));
  const { world, data } = labs.plain, lastOf = (name) => labs[name].data.checkpoints.length - 1, show = makeReadout();
  const column = (station, name) => document.querySelector(`#${station} [data-model="${name}"]`);
  const guess = (id, onOpen) => makeGuess(document.querySelector(`form[data-opens="${id}"]`), onOpen);

  // Fields for a question of so many names; onAsk is told its tokens, at once and at every change.
  function makeFields(holder, tokens, onAsk) {
    const shape = world.shapeOf(tokens);
    let names = world.namesOf(tokens).slice();
    const pickers = shape.pools.map((pool, i) => makePicker({
      label: shape.places[shape.orders[0][i]], words: world.words, pool: world.pools[pool], token: names[i],
      onPick: (token) => { names[i] = token; onAsk(world.asked(shape, names)); },
    }));
    holder.replaceChildren(...pickers.map((picker) => picker.node));
    onAsk(tokens);
    return (other) => {
      names = world.namesOf(other).slice();
      names.forEach((token, i) => pickers[i].set(token));
      onAsk(other);
    };
  }
  // A button that asks the questions of a split, one after the other.
  function makeAnother(button, name, ask) {
    const split = world.splits.find((one) => one.name === name);
    let at = 0;
    button.addEventListener("click", () => ask(world.row(split, at++ % world.size(split)).tokens));
  }
  const tellAll = (station, tokens, numberOf = lastOf) => {
    const truth = world.truthOf(tokens);
    document.querySelector(`#${station} .facts`).replaceChildren(...tellFacts(labs.plain, tokens, truth));
    for (const name of NAMES) column(station, name)?.querySelector(".answers")?.replaceChildren(...tellAnswers(labs[name], labs[name].run(numberOf(name), tokens), truth));
  };
  const gridOf = (name, tokens, number, label) => makeGrid({ lab: labs[name], result: labs[name].run(number, tokens), truth: world.truthOf(tokens), side: name, label, onShow: show });

  // The training of one model over its checkpoints, with a grid that follows it.
  function makeFollowed(station, name) {
    const lab = labs[name], holder = column(station, name).querySelector(".followed"), grid = make("div");
    let asked = null;
    const draw = (number) => grid.replaceChildren(gridOf(name, asked, number, `What each state of the ${name} model says`));
    const training = makeTraining({ checkpoints: lab.data.checkpoints, curves: { ...lab.data.curves, log: true }, onMove: (number) => { training.move(number); draw(number); } });
    training.nodes[0].querySelector("input").setAttribute("aria-label", `Checkpoint of the ${name} model`);
    holder.append(training.nodes[0], grid);
    return (tokens) => {
      asked = tokens;
      const { answer } = world.truthOf(tokens);
      const shares = lab.data.checkpoints.map((_, number) => {
        const { cells, loops, n } = lab.run(number, tokens);
        return answer === null ? null : cells[loops - 1][lab.data.config.n_layers][n - 1].shares[answer];
      });
      training.show(lastOf(name), shares);
      draw(lastOf(name));
    };
  }

  // 1: facts, each asked alone.
  makeFields(document.querySelector("#facts-station .fields"), world.row(world.splits.find((one) => one.name === "atomic_id"), 0).tokens, (tokens) => tellAll("facts-station", tokens));
  guess("after-facts");

  // 2 and 3: the curves, first as far as the training questions are known, then whole.
  const curves = NAMES.map((name) => [labs[name].data, makeCurves(column("curves-station", name).querySelector(".chart"), { curves: labs[name].data.curves, title: `Right answers of the ${name} model over training steps` })]);
  const untilFitted = () => curves.forEach(([told, draw]) => draw(told.about.fitted));
  const untilEnd = () => curves.forEach(([told, draw]) => draw(told.curves.steps[told.curves.steps.length - 1]));
  untilFitted();
  guess("after-fitted");
  guess("after-bloom", untilEnd);

  // 4: a question that was never trained on.
  const askNew = makeFields(document.querySelector("#ask-station .fields"), data.asked.id, (tokens) => tellAll("ask-station", tokens));
  makeAnother(document.querySelector("#ask-station .another"), "test_id", askNew);
  guess("after-ask");

  // 5: the bridge over the checkpoints.
  const followed = NAMES.map((name) => makeFollowed("bridge-station", name));
  const askInside = makeFields(document.querySelector("#bridge-station .fields"), data.asked.id, (tokens) => { tellAll("bridge-station", tokens); followed.forEach((follow) => follow(tokens)); });
  makeAnother(document.querySelector("#bridge-station .another"), "test_id", askInside);
  guess("after-bridge");

  // 6: a question whose second fact was told only alone, and the tick that mends it.
  const loop = document.getElementById("loop"), mended = column("ood-station", "looped"), plainSide = column("ood-station", "plain");
  const askOutside = makeFields(document.querySelector("#ood-station .fields"), data.asked.io, (tokens) => {
    tellAll("ood-station", tokens);
    for (const name of NAMES) column("ood-station", name).querySelector(".whole").replaceChildren(gridOf(name, tokens, lastOf(name), `What each state of the ${name} model says`));
    const { path } = world.truthOf(tokens), [, second] = path;
    const alone = second ? world.asked(world.shapes.find((shape) => shape.orders[0].length === 2), [second.subject, second.relation]) : null;
    plainSide.querySelector(".alone").replaceChildren(alone ? gridOf("plain", alone, lastOf("plain"), "What each state of the plain model says of the second fact alone") : "The facts hold no second fact for this question.");
  });
  makeAnother(document.querySelector("#ood-station .another"), "test_io", askOutside);
  const mend = () => { mended.querySelector(".mended").hidden = !loop.checked; mended.querySelector(".closed").hidden = loop.checked; };
  loop.addEventListener("change", mend);
  mend();
  guess("after-ood");
  guess("after-built-in");

  document.getElementById("open-all").addEventListener("click", (event) => { guesses.forEach((open) => open()); event.target.hidden = true; });
  window.latebloom = { plain: labs.plain.api, looped: labs.looped.api };
}

startTour();
