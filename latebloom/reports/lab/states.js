// What can stand in the place of a state: a state of another question, noise, a mean, an embedding.
//
// A *source* is { loop, boundary, position } of the other question, { noise: seed }, { mean: true } or
// { token }.

const MEAN_OF = 100; // questions of the same length whose states a mean is of

// Numbers in [0, 1), always the same for a seed (mulberry32).
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Gaussian noise as long as the state that it replaces.
function noiseLike(state, seed) {
  const random = randomOf(seed), noise = new Float32Array(state.length);
  let squares = 0, wanted = 0;
  for (let i = 0; i < state.length; i++) {
    noise[i] = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    squares += noise[i] ** 2;
    wanted += state[i] ** 2;
  }
  return noise.map((value) => value * Math.sqrt(wanted / squares));
}

// The mean of a place over questions of the same length, evenly chosen from all splits.
function meanState(lab, model, tokens, place) {
  const rows = lab.world.splits.filter((split) => split.tokens === tokens.length + 1).flatMap((split) => [...Array(lab.world.size(split)).keys()].map((i) => [split, i]));
  const some = rows.filter((_, i) => i % Math.max(1, Math.ceil(rows.length / MEAN_OF)) === 0);
  const sum = new Float64Array(lab.data.config.d_model), { loops } = lab.world.shapeOf(tokens);
  for (const [split, i] of some) {
    const state = stateAt(model, forward(model, lab.world.row(split, i).tokens, loops), place);
    for (let at = 0; at < sum.length; at++) sum[at] += state[at] / some.length;
  }
  return Float32Array.from(sum);
}

// The state that a source stands for, in the place `to` of a question that was run. other: the run of the
// other question.
function stateOf(lab, source, to, target, other) {
  if (source.noise !== undefined) return noiseLike(stateAt(target.model, target.pass, to), source.noise);
  if (source.mean) return meanState(lab, target.model, target.tokens, to);
  if (source.token !== undefined) {
    const { d_model } = lab.data.config;
    return target.model.weights["embed.weight"].slice(source.token * d_model, (source.token + 1) * d_model);
  }
  return stateAt(other.model, other.pass, source);
}
