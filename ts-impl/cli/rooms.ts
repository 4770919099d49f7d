// Who stands behind the commands: the oracle and the port. Tests hand in miniature liars through the same door.

import type { Diagnose } from '../conformance/check.ts';
import { explainWith } from '../conformance/diagnosis/explain.ts';
import { connectOracle, type Oracle, type OracleOptions, startOracle } from '../conformance/subjects/oracle.ts';
import { makeEmbedded } from '../conformance/subjects/embedded/embedded.ts';
import { readClaims } from '../conformance/subjects/embedded/claims-file.ts';
import { type ModuleOptions, openModule } from '../conformance/subjects/js/module.ts';
import type { JsSubject } from '../conformance/subjects/js/js-subject.ts';
import { type Mender, startMender } from '../conformance/subjects/mender.ts';
import { makePort } from '../conformance/subjects/port.ts';
import { type Host, type HostOptions, startHost } from '../conformance/subjects/workers.ts';
import type { Subject } from '../conformance/subjects/subject.ts';

export interface Rooms {
  startOracle(options: Partial<OracleOptions> & { readonly python: string }): Promise<Oracle>;
  connectOracle(endpoint: string, options: { readonly timeoutMs: number }): Promise<Oracle>;
  /** Where code out of documents runs. */
  startHost(options: Partial<HostOptions> & { readonly python: string }): Promise<Host>;
  /** What proposes edits of Python. */
  startMender(options: { readonly python: string }): Promise<Mender>;
  makePort(): Subject;
  /** The port in the oracle's place. */
  makeEmbedded(): Subject;
  /** A module of JavaScript with norms in it. */
  openModule(options: ModuleOptions): Promise<JsSubject>;
  /** What `check` asks when its subject goes red; null where differences are told as they are. */
  diagnose(oracle: Subject, port: Subject): Diagnose | null;
}

export const liveRooms: Rooms = {
  startOracle,
  connectOracle,
  startHost,
  startMender,
  makePort,
  makeEmbedded: () => makeEmbedded(makePort(), readClaims()),
  openModule,
  diagnose: explainWith,
};
