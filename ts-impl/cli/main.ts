#!/usr/bin/env node
// The executable: hands argv to the program and its exit code to the shell. Nothing is decided here.

import { processEdge } from './edge.ts';
import { main } from './program.ts';

process.exitCode = await main(process.argv.slice(2), processEdge());
