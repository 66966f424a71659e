// What a loop hands on to the next. The same table as in latebloom/model/feedback.py: x is a token's
// embedding, h the state after a loop, e the expected embedding of what the loop predicts there.
//
// carries: the state goes on as it is. first, last: the positions that feed something back, of n, the
// last left out. from: what e is added to, x (`start`) or h (`state`); keeps: or else replaces. apart:
// later tokens see the sum, the token itself its own embedding.

const FEEDBACKS = {
  none: { carries: true },
  added: { first: 0, last: (n) => n, from: "state", keeps: true },
  gated: { first: 0, last: (n) => n, from: "state", keeps: true, gated: true },
  restart: { first: 1, last: (n) => n, from: "start", keeps: true },
  replace: { first: 1, last: (n) => n, from: "start", keeps: false },
  ahead: { first: 1, last: (n) => Math.max(1, n - 1), from: "start", keeps: true, apart: true },
};

// The expected embedding of a prediction: sum_v p(v) W[v], at the model's temperature.
function expectedEmbedding(model, logits) {
  const { d_model, temperature } = model.config, embed = model.weights["embed.weight"];
  const shares = softmax(logits.map((v) => v / temperature)), sum = new Float64Array(d_model);
  for (let token = 0; token < shares.length; token++)
    for (let i = 0; i < d_model; i++) sum[i] += shares[token] * embed[token * d_model + i];
  return Float32Array.from(sum);
}

// RMSNorm behind a learned gate.
function gatedBy(gate, e) {
  let squares = 0;
  for (const v of e) squares += v * v / e.length;
  return e.map((v) => gate * v / Math.sqrt(squares + 2 ** -23));
}

// What the next loop begins with, `[pos, d_model]`.
function nextInput(model, start, state) {
  const feedback = FEEDBACKS[model.config.feedback], width = model.config.d_model;
  if (feedback.carries) return state;
  const n = state.length / width, next = (feedback.from === "state" ? state : start).slice();
  for (let position = feedback.first; position < feedback.last(n); position++) {
    const at = position * width;
    let fed = expectedEmbedding(model, logitsOf(model, state.subarray(at, at + width)));
    if (feedback.gated) fed = gatedBy(model.weights.gate[0], fed);
    for (let i = 0; i < width; i++) next[at + i] = (feedback.keeps ? next[at + i] : 0) + fed[i];
  }
  return next;
}
