// A gate with a fixed number of places, first come first served. It runs nothing.

export interface Gate {
  /** A place at once, or null where there is none or somebody waits for one. */
  tryEnter(): (() => void) | null;
  /** Waits for that many places at once; all of them means being alone. Returns how to give them back. */
  enter(places: number): Promise<() => void>;
}

export function makeGate(size: number): Gate {
  let free = size;
  const queue: { readonly places: number; readonly admit: () => void }[] = [];
  const admitNext = (): void => {
    while (queue.length > 0 && queue[0].places <= free) {
      const next = queue.shift();
      if (next === undefined) return;
      free -= next.places;
      next.admit();
    }
  };
  const leaving = (places: number) => {
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      free += places;
      admitNext();
    };
  };
  return {
    tryEnter: () => {
      if (queue.length > 0 || free < 1) return null;
      free--;
      return leaving(1);
    },
    enter: (places) =>
      new Promise((resolve) => {
        queue.push({ places, admit: () => resolve(leaving(places)) });
        admitNext();
      }),
  };
}
