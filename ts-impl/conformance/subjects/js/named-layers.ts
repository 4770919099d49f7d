// Which of PyTorch's layers and functions an export is meant to be, from its name. It runs nothing.

import { FUNCTIONS, type FunctionName, LAYERS, type LayerName } from '../../../../cases/case.ts';

export type Form = 'class' | 'function';

/** A class stands for layers alone; a function for its PyTorch function and, with its state kept for it, for the layers that call it. */
export function layersNamed(name: string, form: Form): (LayerName | FunctionName)[] {
  const words = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const layers = LAYERS.filter((layer) => words.includes(layer.toLowerCase()));
  const ranked = layers.length > 0 ? layers : LAYERS.filter((layer) => words.includes(familyWord(layer)));
  if (form === 'class') return ranked;
  const functions = FUNCTIONS.filter((f) => words.includes(f.replace('_', '')));
  return [...ranked, ...functions];
}

export function isFunctionName(name: string): name is FunctionName {
  return (FUNCTIONS as readonly string[]).includes(name);
}

export function isLayerName(name: string): name is LayerName {
  return (LAYERS as readonly string[]).includes(name);
}

// --- internal ---

function familyWord(layer: LayerName): string {
  return layer.toLowerCase().replace(/[123]d$/, '');
}
