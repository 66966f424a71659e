// What can stand in the place of a state: a state of another question, noise, a mean, an embedding.
//
// A *source* is { loop, boundary, position } of the other question, { noise: seed }, { mean: true } or
// { token }.

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

// The mean of a place over questions of the same length, evenly chosen from all splits; `meanOf` of them
// at most. Found once: it does not depend on the question.
function meanState(lab, target, { loop, boundary, position }) {
  const { tokens, model, number, loops } = target, key = [number, tokens.length, loop, boundary, position].join(".");
  if (lab.means.has(key)) return lab.means.get(key);
  const all = lab.world.alike(tokens), some = all.filter((_, i) => i % Math.max(1, Math.ceil(all.length / lab.world.meanOf)) === 0);
  const sum = new Float64Array(lab.data.config.d_model);
  for (const one of some.length ? some : [tokens]) {
    const state = stateAt(model, forward(model, one, loops), { loop, boundary, position });
    for (let at = 0; at < sum.length; at++) sum[at] += state[at] / Math.max(1, some.length);
  }
  lab.means.set(key, Float32Array.from(sum));
  return lab.means.get(key);
}

// The state that a source stands for, in the place `to` of a question that was run. other: the run of the
// other question.
function stateOf(lab, source, to, target, other) {
  if (source.noise !== undefined) return noiseLike(stateAt(target.model, target.pass, to), source.noise);
  if (source.mean) return meanState(lab, target, to);
  if (source.token !== undefined) {
    const { d_model } = lab.data.config;
    return target.model.weights["embed.weight"].slice(source.token * d_model, (source.token + 1) * d_model);
  }
  return stateAt(other.model, other.pass, source);
}
