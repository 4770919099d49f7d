// Norms as functions on flat typed arrays, the sizes beside them: as ports of C and of kernels look.

/** In the order of a C function: the answer first, sizes last. */
export function layernorm_forward(out, x, weight, bias, N, C) {
  const eps = 1e-5;
  for (let n = 0; n < N; n++) {
    let m = 0;
    for (let i = 0; i < C; i++) m += x[n * C + i];
    m /= C;
    let v = 0;
    for (let i = 0; i < C; i++) v += (x[n * C + i] - m) ** 2;
    v /= C;
    const s = 1 / Math.sqrt(v + eps);
    for (let i = 0; i < C; i++) out[n * C + i] = s * (x[n * C + i] - m) * weight[i] + bias[i];
  }
}

export function layernormForwardMax(out, inp, weight, bias, B, T, C) {
  for (let r = 0; r < B * T; r++) {
    let m = 0;
    for (let i = 0; i < C; i++) m += inp[r * C + i] / C;
    let v = 0;
    for (let i = 0; i < C; i++) v += (inp[r * C + i] - m) ** 2 / C;
    const s = Math.max(Math.sqrt(v), 1e-3);
    for (let i = 0; i < C; i++) out[r * C + i] = ((inp[r * C + i] - m) / s) * weight[i] + bias[i];
  }
}

/** One variance too much: that of the sample, without eps. */
export function batchNorm(x, shape, gamma, beta) {
  const [N, C, ...rest] = shape;
  const S = rest.reduce((a, b) => a * b, 1);
  const y = new Float64Array(x.length);
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) for (let s = 0; s < S; s++) sum += x[(n * C + c) * S + s];
    const mu = sum / (N * S);
    let squares = 0;
    for (let n = 0; n < N; n++) for (let s = 0; s < S; s++) squares += (x[(n * C + c) * S + s] - mu) ** 2;
    const inv = 1 / Math.sqrt(squares / (N * S - 1));
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const at = (n * C + c) * S + s;
        y[at] = (x[at] - mu) * inv * gamma[c] + beta[c];
      }
  }
  return y;
}

/** NHWC. */
export function instanceNormLast(x, { shape, eps = 1e-5 }) {
  const [N, H, W, C] = shape;
  const y = new Float64Array(x.length);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const at = (i) => (n * H * W + i) * C + c;
      let mu = 0;
      for (let i = 0; i < H * W; i++) mu += x[at(i)] / (H * W);
      let v = 0;
      for (let i = 0; i < H * W; i++) v += (x[at(i)] - mu) ** 2 / (H * W);
      for (let i = 0; i < H * W; i++) y[at(i)] = (x[at(i)] - mu) / Math.sqrt(v + eps);
    }
  return y;
}

/** float32 throughout. */
export function rmsNormF32(x, weight, dim, eps = 1e-5) {
  const y = new Float32Array(x.length);
  for (let r = 0; r < x.length / dim; r++) {
    let ss = 0;
    for (let i = 0; i < dim; i++) ss += x[r * dim + i] * x[r * dim + i];
    const inv = 1 / Math.sqrt(ss / dim + eps);
    for (let i = 0; i < dim; i++) y[r * dim + i] = weight[i] * (inv * x[r * dim + i]);
  }
  return y;
}

/** A parameter for each group. */
export function groupNorm(x, n, c, hw, groups, weight, bias, eps) {
  const per = (c / groups) * hw;
  const y = new Float64Array(x.length);
  for (let g = 0; g < n * groups; g++) {
    let mu = 0;
    for (let i = 0; i < per; i++) mu += x[g * per + i];
    mu /= per;
    let v = 0;
    for (let i = 0; i < per; i++) v += (x[g * per + i] - mu) ** 2;
    const inv = 1 / Math.sqrt(v / (per - 1) + eps);
    for (let i = 0; i < per; i++) {
      const channel = (Math.floor((g * per + i) / hw) % c) | 0;
      y[g * per + i] = (x[g * per + i] - mu) * inv * weight[channel] + bias[channel];
    }
  }
  return y;
}

/** Writes into what it was given. */
export function layerNormInPlace(x, gamma, beta, eps = 1e-5) {
  const d = gamma.length;
  for (let at = 0; at < x.length; at += d) {
    const row = x.subarray(at, at + d);
    const mu = row.reduce((a, b) => a + b, 0) / d;
    const inv = 1 / Math.sqrt(row.reduce((a, b) => a + (b - mu) ** 2, 0) / d + eps);
    for (let i = 0; i < d; i++) row[i] = (row[i] - mu) * inv * gamma[i] + beta[i];
  }
  return x;
}

/** A vector, and nothing else. */
export function layerNormVector(x, gamma, beta) {
  let mu = 0;
  for (const v of x) mu += v / x.length;
  let v2 = 0;
  for (const v of x) v2 += (v - mu) ** 2 / x.length;
  return x.map((v, i) => ((v - mu) / Math.sqrt(v2 + 1e-12)) * gamma[i] + beta[i]);
}
