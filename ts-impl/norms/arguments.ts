// What a constructor is handed from plain JavaScript: sizes that are none, options that nobody has. It says so in a sentence, as a TypeError.

/** A size: a whole number. What is below 0 is refused in PyTorch's own words later. Throws TypeError. */
export function checkSize(layer: string, name: string, size: unknown): void {
  if (Number.isInteger(size)) return;
  throw new TypeError(`${layer} takes ${name}, a whole number such as 64, not ${show(size)}`);
}

/** One size or a list of them. Throws TypeError. */
export function checkSizes(layer: string, name: string, sizes: unknown): void {
  if (Number.isInteger(sizes) || (Array.isArray(sizes) && sizes.every(Number.isInteger))) return;
  throw new TypeError(`${layer} takes ${name}, a whole number or a list of them such as [64], not ${show(sizes)}`);
}

/** The options themselves, where every one of their names is `known`. Throws TypeError. */
export function checkOptions<Options extends object>(
  layer: string,
  options: Options,
  known: readonly string[],
): Options {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${layer} takes its options as an object such as { ${known[0]}: 1e-3 }, not ${show(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`${layer} has no option ${unknown}; it has ${known.join(', ')}`);
  return options;
}

// --- internal ---

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return Array.isArray(value)
    ? `[${value.join(', ')}]`
    : typeof value === 'object' && value
      ? 'an object'
      : String(value);
}
