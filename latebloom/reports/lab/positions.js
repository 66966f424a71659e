// How a token knows where it stands: what a scheme adds to the embedding, how it turns queries and
// keys, and what it adds to a score. The same table as in latebloom/model/positions.py.

const SAYS_NOTHING = { embed: (model, x) => x, turn: (model, x) => x, bias: () => 0 };

// Queries or keys `[pos, d_model]`, each head's pairs (i, i + d_head / 2) turned by the position.
function rotated(model, x) {
  const { d_model, n_heads } = model.config, width = d_model / n_heads, half = width / 2;
  const y = x.slice();
  for (let at = 0; at < x.length; at += width) {
    const position = Math.floor(at / d_model);
    for (let i = 0; i < half; i++) {
      const angle = position * 10000 ** (-i / half), cos = Math.cos(angle), sin = Math.sin(angle);
      y[at + i] = x[at + i] * cos - x[at + i + half] * sin;
      y[at + i + half] = x[at + i] * sin + x[at + i + half] * cos;
    }
  }
  return y;
}

const SCHEMES = {
  none: SAYS_NOTHING,
  learned: { ...SAYS_NOTHING, embed: (model, x) => x.map((v, i) => v + model.weights["pos_embed.weight"][i]) },
  sinusoidal: {
    ...SAYS_NOTHING,
    embed(model, x) {
      const width = model.config.d_model;
      return x.map((v, at) => {
        const column = at % width, angle = Math.floor(at / width) * 10000 ** (-(column - column % 2) / width);
        return v * Math.sqrt(width) + (column % 2 ? Math.cos(angle) : Math.sin(angle));
      });
    },
  },
  rotary: { ...SAYS_NOTHING, turn: rotated },
  relative: {
    ...SAYS_NOTHING,
    bias(model, layer, head, distance) {
      const most = model.config.max_distance, least = model.config.attention === "both" ? -most : 0;
      const table = model.weights[`blocks.${layer}.attn.distance_bias`];
      return table[head * (most - least + 1) + Math.min(Math.max(distance, least), most) - least];
    },
  },
};
