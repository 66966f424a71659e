// The model: latebloom/model/transformer.py in plain JavaScript, one question at a time.
//
// Every state is kept. A *boundary* (loop, b) is the stream before layer b, or after the last layer
// where b is n_layers; loops, layers and positions count from 0 here. A *put* replaces the state of one
// position at one boundary, and everything after it follows: this is activation patching.

// A model of its config, the names and shapes of its tensors, and their values one after the other.
function makeModel(config, tensors, values) {
  const weights = {};
  let at = 0;
  for (const [name, size] of tensors) weights[name] = values.subarray(at, at += size);
  return { config, weights, dVocab: weights["embed.weight"].length / config.d_model };
}

function embedded(model, tokens) {
  const { d_model, positions } = model.config, x = new Float32Array(tokens.length * d_model);
  tokens.forEach((token, i) => x.set(model.weights["embed.weight"].subarray(token * d_model, (token + 1) * d_model), i * d_model));
  return SCHEMES[positions].embed(model, x);
}

// What a state, or several, would answer if the model ended there: the logit lens.
function logitsOf(model, states) {
  const { d_model, norm, tied } = model.config, w = model.weights;
  const last = norm === "pre" ? layerNorm(states, w["ln_final.weight"], w["ln_final.bias"]) : states;
  return linear(last, w[tied ? "embed.weight" : "unembed.weight"], null, d_model);
}

// Whether a query may see a key. strict: not itself, but for the first, which has nothing else to see.
function sees(config, query, key, strict) {
  const distance = query - key;
  if (config.attention !== "both" && distance < 0) return false;
  if (config.window && Math.abs(distance) >= config.window) return false;
  return !strict || distance > 0 || query === 0;
}

// What every head gives to every key: shares `[head, query, key]`, and the values that they weigh.
// begin: nothing before this position is seen, but for the first token.
function attend(model, layer, q, k, v, strict, begin) {
  const { d_model, n_heads, positions } = model.config, width = d_model / n_heads;
  const n = q.length / d_model, scheme = SCHEMES[positions];
  const pattern = new Float32Array(n_heads * n * n), out = new Float32Array(q.length);
  for (let head = 0; head < n_heads; head++)
    for (let query = 0; query < n; query++) {
      const scores = new Float64Array(n).fill(-Infinity), at = query * d_model + head * width;
      for (let key = 0; key < n; key++) {
        if (!sees(model.config, query, key, strict) || (key && key < begin)) continue;
        let sum = 0;
        for (let i = 0; i < width; i++) sum += q[at + i] * k[key * d_model + head * width + i];
        scores[key] = sum / Math.sqrt(width) + scheme.bias(model, layer, head, query - key);
      }
      const shares = softmax(scores);
      pattern.set(shares, (head * n + query) * n);
      for (let key = 0; key < n; key++)
        for (let i = 0; i < width; i++) out[at + i] += shares[key] * v[key * d_model + head * width + i];
    }
  return { pattern, out };
}

// One layer. own: the stream that a token keeps for itself while later tokens see `x`; null: `x`.
function throughLayer(model, layer, x, own, begin) {
  const { d_model, norm, activation } = model.config, pre = norm === "pre", squared = d_model * d_model;
  const w = (name) => model.weights[`blocks.${layer}.${name}`];
  const normed = (name, y) => layerNorm(y, w(`${name}.weight`), w(`${name}.bias`));
  const projected = (y, part) => linear(y, w("attn.qkv.weight").subarray(part * squared, (part + 1) * squared), w("attn.qkv.bias").subarray(part * d_model, (part + 1) * d_model), d_model);
  const seen = pre ? normed("ln_1", x) : x, stream = own ?? x;
  const asking = own && pre ? normed("ln_1", own) : own ?? seen;
  const { turn } = SCHEMES[model.config.positions];
  const { pattern, out } = attend(model, layer, turn(model, projected(asking, 0)), turn(model, projected(seen, 1)), projected(seen, 2), own !== null, begin);
  const attended = sumOf(stream, linear(out, w("attn.out.weight"), w("attn.out.bias"), d_model));
  const middle = pre ? attended : normed("ln_1", attended);
  const hidden = linear(pre ? normed("ln_2", middle) : middle, w("mlp_in.weight"), w("mlp_in.bias"), d_model).map(ACTIVATIONS[activation]);
  const after = sumOf(middle, linear(hidden, w("mlp_out.weight"), w("mlp_out.bias"), hidden.length / (x.length / d_model)));
  return { state: pre ? after : normed("ln_2", after), pattern };
}

// All states of one pass, `stream[loop][boundary]` of `[pos, d_model]`, and `patterns[loop][layer]`.
// puts: [{ loop, boundary, position, state }]. begin: of a window, as `attend` has it.
function forward(model, tokens, loops, puts = [], begin = 0) {
  const { d_model, n_layers, feedback } = model.config, { apart } = FEEDBACKS[feedback];
  let start = embedded(model, tokens), state = start;
  const replaced = (x, loop, boundary) => {
    const here = puts.filter((put) => put.loop === loop && put.boundary === boundary);
    if (!here.length) return x;
    const y = x.slice();
    for (const put of here) y.set(put.state, put.position * d_model);
    return y;
  };
  const stream = [], patterns = [];
  for (let loop = 0; loop < loops; loop++) {
    state = replaced(state, loop, 0);
    if (loop === 0) start = state; // a new embedding is what later loops begin from as well
    stream.push([state]);
    patterns.push([]);
    for (let layer = 0; layer < n_layers; layer++) {
      const through = throughLayer(model, layer, state, apart && layer === 0 ? start : null, begin);
      state = replaced(through.state, loop, layer + 1);
      stream[loop].push(state);
      patterns[loop].push(through.pattern);
    }
    if (loop < loops - 1) state = nextInput(model, start, state);
  }
  return { stream, patterns };
}

const stateAt = (model, pass, { loop, boundary, position }) =>
  pass.stream[loop][boundary].subarray(position * model.config.d_model, (position + 1) * model.config.d_model);

// The causal cone: `[loop][boundary][position]`, whether a state can depend on what was put.
function coneOf(config, n, loops, puts) {
  const feedback = FEEDBACKS[config.feedback], places = [...Array(n).keys()];
  const touched = (reach, loop, boundary) => reach.map((is, position) =>
    is || puts.some((put) => put.loop === loop && put.boundary === boundary && put.position === position));
  const cone = [];
  let start = places.map(() => false), reach = start;
  for (let loop = 0; loop < loops; loop++) {
    reach = touched(reach, loop, 0);
    if (loop === 0) start = reach;
    cone.push([reach]);
    for (let layer = 0; layer < config.n_layers; layer++) {
      const apart = Boolean(feedback.apart) && layer === 0, own = apart ? start : reach, seen = reach;
      reach = touched(places.map((query) => own[query] || places.some((key) => seen[key] && sees(config, query, key, apart))), loop, layer + 1);
      cone[loop].push(reach);
    }
    if (!feedback.carries) {
      const kept = feedback.from === "state" ? reach : start, fed = reach;
      reach = places.map((at) => at < feedback.first || at >= feedback.last(n) ? kept[at] : fed[at] || (feedback.keeps && kept[at]));
    }
  }
  return cone;
}
