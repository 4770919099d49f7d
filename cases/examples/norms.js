// Two small norms in JavaScript that do what PyTorch's do: `normative check --subject js:norms.js --oracle embedded` agrees.

/** A class: PyTorch's constructor, `forward` and, where there is one, `backward`. */
export class LayerNorm {
  static dtypes = ['float32', 'float64'];

  constructor(normalizedShape, { eps = 1e-5, elementwiseAffine = true, bias = true } = {}) {
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.size = shape.reduce((product, size) => product * size, 1);
    this.eps = eps;
    this.weight = elementwiseAffine ? new Float64Array(this.size).fill(1) : null;
    this.bias = elementwiseAffine && bias ? new Float64Array(this.size) : null;
  }

  forward({ storage: x, dtype }) {
    const { size, weight, bias } = this;
    const rows = size === 0 ? 0 : x.length / size;
    if (!Number.isInteger(rows)) throw new RangeError(`${x.length} elements are no whole rows of ${size}`);
    const y = dtype === 'float64' ? new Float64Array(x.length) : new Float32Array(x.length);
    this.normalised = new Float64Array(x.length);
    this.inverse = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const at = row * size;
      let mean = 0;
      for (let i = 0; i < size; i++) mean += x[at + i] / size;
      let variance = 0;
      for (let i = 0; i < size; i++) variance += (x[at + i] - mean) ** 2 / size;
      this.inverse[row] = 1 / Math.sqrt(variance + this.eps);
      for (let i = 0; i < size; i++) {
        const z = (x[at + i] - mean) * this.inverse[row];
        this.normalised[at + i] = z;
        y[at + i] = z * (weight?.[i] ?? 1) + (bias?.[i] ?? 0);
      }
    }
    return y;
  }

  backward({ storage: g, dtype }) {
    const { size, weight, bias, normalised, inverse } = this;
    const make = dtype === 'float64' ? Float64Array : Float32Array;
    const input = new make(g.length);
    const sums = { weight: new Float64Array(size), bias: new Float64Array(size) };
    for (let row = 0; row < inverse.length; row++) {
      const at = row * size;
      let mean = 0;
      let slope = 0;
      for (let i = 0; i < size; i++) {
        const scaled = g[at + i] * (weight?.[i] ?? 1);
        mean += scaled / size;
        slope += (scaled * normalised[at + i]) / size;
        sums.weight[i] += g[at + i] * normalised[at + i];
        sums.bias[i] += g[at + i];
      }
      for (let i = 0; i < size; i++) {
        const scaled = g[at + i] * (weight?.[i] ?? 1);
        input[at + i] = (scaled - mean - normalised[at + i] * slope) * inverse[row];
      }
    }
    return { input, weight: weight && make.from(sums.weight), bias: bias && make.from(sums.bias) };
  }
}

/** A function: the input in index order, its shape, everything else by name. It has no way back, so gradients are not asked. */
export function groupNorm(input, [N, C, ...spatial], { numGroups, weight, bias, eps }) {
  if (C % numGroups !== 0) throw new RangeError(`${C} channels can't be divided into ${numGroups} groups`);
  const pixels = spatial.reduce((product, size) => product * size, 1);
  const size = (C / numGroups) * pixels;
  const output = new Float32Array(input.length);
  for (let group = 0; group < N * numGroups; group++) {
    const at = group * size;
    let mean = 0;
    for (let i = 0; i < size; i++) mean += input[at + i] / size;
    let variance = 0;
    for (let i = 0; i < size; i++) variance += (input[at + i] - mean) ** 2 / size;
    const inverse = 1 / Math.sqrt(variance + eps);
    for (let i = 0; i < size; i++) {
      const channel = Math.floor((at + i) / pixels) % C;
      output[at + i] = (input[at + i] - mean) * inverse * (weight?.[channel] ?? 1) + (bias?.[channel] ?? 0);
    }
  }
  return output;
}
