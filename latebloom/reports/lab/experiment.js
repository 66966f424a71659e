// An experiment: questions put to a checkpoint, every state read, states of one put into another.
//
// Also the page's interface for scripts, `window.latebloom`: loops count from 1 there, as in
// `latebloom look`, and a layer is a boundary, 0 before the first layer of a loop.

// By what the model reads. Laboratories of earlier versions read questions, and do not say so.
const WORLDS = { questions: makeWorld, sentences: makeCorpus };

function makeLaboratory(data, packed) {
  const world = WORLDS[data.reads ?? "questions"](data), opened = new Map(), done = new Map(), means = new Map();

  // The model of a checkpoint, by its number; a few are kept unpacked.
  const modelAt = (number) => {
    if (!opened.has(number)) {
      if (opened.size >= 12) opened.delete(opened.keys().next().value);
      opened.set(number, makeModel(data.config, data.tensors, fromHalves(bytesOf(packed(number)))));
    }
    return opened.get(number);
  };

  const best = (shares, most) => {
    const order = [];
    for (let token = 0; token < shares.length; token++) {
      if (order.length === most && shares[token] <= shares[order[most - 1]]) continue;
      let at = order.length;
      while (at && shares[order[at - 1]] < shares[token]) at--;
      order.splice(at, 0, token);
      order.length = Math.min(order.length, most);
    }
    return order.map((token) => ({ token, probability: shares[token] }));
  };

  // The answer, from the probabilities at the last token; where labels compete, their shares.
  const entities = data.several ? [...Array(data.n_names).keys()] : [];
  const answersOf = (shares, fixed, most) => {
    const labels = fixed.length ? fixed : entities;
    if (!labels.length) return best(shares, most);
    const mass = Math.max(labels.reduce((sum, token) => sum + shares[token], 0), 1e-12);
    return labels.map((token) => ({ token, probability: shares[token] / mass })).sort((a, b) => b.probability - a.probability).slice(0, most);
  };

  // A pass over a question, read. puts: states that replace others.
  // cells[loop][boundary][position]: { best, shares } of the logit lens; answers, bridges as `ask`.
  const pass = (number, tokens, puts = [], most = 5) => {
    const model = modelAt(number), { d_model } = data.config, shape = world.shapeOf(tokens);
    const passed = forward(model, tokens, shape.loops, puts), width = model.dVocab;
    const cells = passed.stream.map((boundaries) => boundaries.map((states) => {
      const logits = logitsOf(model, states);
      return tokens.map((_, position) => {
        const shares = softmax(logits.subarray(position * width, (position + 1) * width));
        return { shares, best: best(shares, most) };
      });
    }));
    const last = cells[shape.loops - 1][data.config.n_layers];
    const carries = Boolean(FEEDBACKS[data.config.feedback].carries);
    const fed = carries || shape.loops < 2 ? last : cells[shape.loops - 2][data.config.n_layers];
    const steps = world.stepsOf(tokens).filter((step) => step.readable);
    return {
      number, tokens, pass: passed, cells, model, n: tokens.length, loops: shape.loops, width: d_model, endShares: last[tokens.length - 1].shares,
      answers: answersOf(last[tokens.length - 1].shares, shape.labels, most),
      bridges: steps.map((step) => fed[step.position].best[0]),
    };
  };

  // The same; a few passes without puts are kept, because each is shown again with every click.
  const run = (number, tokens, puts = [], most = 5) => {
    const key = [number, most, ...tokens].join(".");
    if (puts.length) return pass(number, tokens, puts, most);
    if (!done.has(key)) {
      if (done.size >= 6) done.delete(done.keys().next().value);
      done.set(key, pass(number, tokens, puts, most));
    }
    return done.get(key);
  };

  // The likeliest answer alone, without a reading of every state: many questions are asked this way.
  const first = (number, tokens) => {
    const model = modelAt(number), { loops } = world.shapeOf(tokens), { stream } = forward(model, tokens, loops);
    const end = stateAt(model, { stream }, { loop: loops - 1, boundary: data.config.n_layers, position: tokens.length - 1 });
    return answersOf(softmax(logitsOf(model, end)), world.labelsOf(tokens), 1)[0];
  };

  // Mean over the heads of what a position of a layer looks at, by position.
  const lookedAt = (result, loop, layer, position) => {
    const pattern = result.pass.patterns[loop][layer], heads = data.config.n_heads, n = result.n;
    return result.tokens.map((_, key) => {
      let sum = 0;
      for (let head = 0; head < heads; head++) sum += pattern[(head * n + position) * n + key];
      return sum / heads;
    });
  };

  const named = (guesses) => guesses.map(({ token, probability }) => ({ name: world.words[token], probability }));
  const numberOf = (step) => {
    if (step === undefined) return data.checkpoints.length - 1;
    const number = data.checkpoints.findIndex((one) => one.step === step);
    if (number < 0) throw new Error(`no checkpoint of step ${step}; there are ${data.checkpoints.map((one) => one.step).join(", ")}`);
    return number;
  };
  const outcome = (result) => ({ answers: named(result.answers), bridges: named(result.bridges) });
  const within = (value, stop, what) => {
    if (!Number.isInteger(value) || value < 0 || value >= stop) throw new Error(`there is no ${what} ${value}`);
    return value;
  };

  const api = {
    checkpoints: data.checkpoints.map((one) => ({ ...one })),
    // The likeliest answers to a question in names, and the bridges that the model went through.
    async ask(question, { step, top = 5 } = {}) {
      return outcome(run(numberOf(step), world.read(question), [], top));
    },
    // The logits after the last loop, `[pos][d_vocab]`.
    async logits(question, { step } = {}) {
      const number = numberOf(step), tokens = world.read(question), { stream } = forward(modelAt(number), tokens, world.shapeOf(tokens).loops);
      const all = logitsOf(modelAt(number), stream[stream.length - 1][data.config.n_layers]), width = modelAt(number).dVocab;
      return tokens.map((_, position) => [...all.subarray(position * width, (position + 1) * width)]);
    },
    // How the words are read together at a checkpoint, as spans of words and as brackets; of sentences.
    async tree(question, { step } = {}) {
      if (!world.hasTrees || !projects(data.config)) throw new Error("trees are those of sentences, by a model that sees all earlier words");
      const tokens = world.read(question), projection = makeProjection(modelAt(numberOf(step)), tokens, world.shapeOf(tokens).loops);
      for (let begin = 0; begin < projection.windows; begin++) projection.look(begin);
      return { spans: projection.tree(), tree: bracketsOf(question, projection.tree()) };
    },
    // What every state says: [{ loop, layer, guesses: for each position the likeliest names }].
    async look(question, { step, top = 5 } = {}) {
      const { cells } = run(numberOf(step), world.read(question), [], top);
      return cells.flatMap((boundaries, loop) => boundaries.map((states, layer) => ({ loop: loop + 1, layer, guesses: states.map((state) => named(state.best)) })));
    },
    // What `to` answers with one state of `from` in the place of its own. at: the place in `to`, where
    // it is another: { loop, layer, position }. by: what is put there instead of a state of `from`:
    // { noise: seed }, { mean: true } or { name } for its embedding.
    async patch({ from, to, by, loop, layer, position, at = {}, step, top = 5 }) {
      const number = numberOf(step), source = run(number, world.read(from ?? to)), tokens = world.read(to);
      const put = { loop: at.loop ?? loop, layer: at.layer ?? layer, position: at.position ?? position };
      within(layer, data.config.n_layers + 1, "layer"); within(loop - 1, source.loops, "loop"); within(position, source.n, "position");
      within(put.layer, data.config.n_layers + 1, "layer"); within(put.loop - 1, world.shapeOf(tokens).loops, "loop"); within(put.position, tokens.length, "position");
      const place = { loop: put.loop - 1, boundary: put.layer, position: put.position };
      const kind = by?.name === undefined ? by : { token: world.idOf(by.name) };
      const state = stateOf(lab, kind ?? { loop: loop - 1, boundary: layer, position }, place, run(number, tokens), source);
      const puts = [{ ...place, state }];
      return { ...outcome(run(number, tokens, puts, top)), before: outcome(run(number, tokens, [], top)) };
    },
  };
  const lab = { world, run, pass, first, lookedAt, modelAt, means, api, data, packed };
  return lab;
}
