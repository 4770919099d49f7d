// The Python that live tests use, if there is one. It starts nothing.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OWN = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));

const found = process.env.NORMATIVE_PYTHON ?? (existsSync(OWN) ? OWN : null);

export const hasPython = found !== null;

/** Only for tests that are skipped without one. */
export const PYTHON = found ?? 'python3';

export const NO_PYTHON = 'no Python: neither NORMATIVE_PYTHON nor .venv (run `node setup.mjs`)';
