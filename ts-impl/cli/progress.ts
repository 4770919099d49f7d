// Progress on standard error, for people who watch a terminal; silent otherwise.

import { SingleBar } from 'cli-progress';
import type { Edge } from './edge.ts';

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A bar over `total` cases. It draws at most ten times a second and leaves nothing behind. */
export function startProgress(edge: Edge, total: number): Progress {
  if (!edge.errIsTerminal || total === 0) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: '{bar} {value}/{total} cases',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
  });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}
