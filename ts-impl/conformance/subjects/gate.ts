// A gate with a fixed number of places, first come first served. It runs nothing.

export interface Gate {
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
  return {
    enter: (places) =>
      new Promise((resolve) => {
        let inside = true;
        const leave = () => {
          if (!inside) return;
          inside = false;
          free += places;
          admitNext();
        };
        queue.push({ places, admit: () => resolve(leave) });
        admitNext();
      }),
  };
}
