// What a command gets, and where it leaves its exit code. A type alone.

import type { Edge } from './edge.ts';
import type { Rooms } from './rooms.ts';

export interface Session {
  readonly edge: Edge;
  readonly rooms: Rooms;
  exitCode: number;
}
