// Who stands behind the commands: the oracle and the port. Tests hand in miniature liars through the same door.

import type { Diagnose } from '../conformance/check.ts';
import { explainWith } from '../conformance/diagnosis/explain.ts';
import { connectOracle, type Oracle, type OracleOptions, startOracle } from '../conformance/subjects/oracle.ts';
import { makePort } from '../conformance/subjects/port.ts';
import { type Host, type HostOptions, startHost } from '../conformance/subjects/workers.ts';
import type { Subject } from '../conformance/subjects/subject.ts';

export interface Rooms {
  startOracle(options: Partial<OracleOptions> & { readonly python: string }): Promise<Oracle>;
  connectOracle(endpoint: string, options: { readonly timeoutMs: number }): Promise<Oracle>;
  /** Where code out of documents runs. */
  startHost(options: Partial<HostOptions> & { readonly python: string }): Promise<Host>;
  makePort(): Subject;
  /** What `check` asks when the port goes red; null where differences are told as they are. */
  diagnose(oracle: Oracle, port: Subject): Diagnose | null;
}

export const liveRooms: Rooms = { startOracle, connectOracle, startHost, makePort, diagnose: explainWith };
