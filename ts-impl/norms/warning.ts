// Where PyTorch warns: the same words go to whoever listens. Nobody listens at first, and nothing is printed here.

/** `category` is Python's class, `message` the words of torch 2.13. */
export type WarningListener = (category: 'UserWarning', message: string) => void;

/** From now on `listener` hears every warning, until the function that is returned is called. */
export function onWarning(listener: WarningListener): () => void {
  const before = heard;
  heard = listener;
  return () => {
    heard = before;
  };
}

export function warn(message: string): void {
  heard?.('UserWarning', message);
}

// --- internal ---

let heard: WarningListener | null = null;
