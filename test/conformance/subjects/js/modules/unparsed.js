// Does not parse.

export class LayerNorm { forward( {
