// An edge that keeps what was written, and rooms with made-up subjects; no process is started.

import type { Edge } from '../../ts-impl/cli/edge.ts';
import { liveRooms, type Rooms } from '../../ts-impl/cli/rooms.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { portAsOracle } from '../conformance/made-up.ts';

export interface FakeEdge extends Edge {
  outText(): string;
  errText(): string;
}

export function fakeEdge(env: Readonly<Record<string, string>> = {}, terminal = false, input = ''): FakeEdge {
  let out = '';
  let err = '';
  let time = 0;
  return {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readInput: () => new TextEncoder().encode(input),
    outIsTerminal: terminal,
    errIsTerminal: false,
    env,
    now: () => (time += 7),
    outText: () => out,
    errText: () => err,
  };
}

/** The port is its own oracle here; `subject` stands where the port would. */
export function madeUpRooms(subject: Subject = makePort(), version: string | null = '2.13.0+cpu') {
  const oracle = portAsOracle(version);
  const asked: { python: string | null; endpoint: string | null } = { python: null, endpoint: null };
  const rooms: Rooms = {
    ...liveRooms,
    startOracle: async ({ python }) => {
      asked.python = python;
      return oracle;
    },
    connectOracle: async (endpoint) => {
      asked.endpoint = endpoint;
      return oracle;
    },
    makePort: () => subject,
    diagnose: () => null,
  };
  return { rooms, oracle, asked };
}
