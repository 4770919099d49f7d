// The same random numbers before every case, so that two runs of a norm that draws its weights agree. For the thread of a module alone.

/** Begins the thread's random numbers anew. */
export function settle(): void {
  let state = 0x2545f491;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  Object.assign(Math, { random });
}
