#!/usr/bin/env node
// Sets up a clone (node modules, build, Python with PyTorch) and, when asked, runs something in it. Quick where nothing is to be done.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, checkNode, installNodeModules } from './setup/node-side.mjs';
import { preparePython } from './setup/python-side.mjs';
import { start } from './setup/start.mjs';
import { say, show, Stop } from './setup/steps.mjs';

const USAGE = `Usage: node setup.mjs [options] [start | test … | run …]

  (nothing)     set up: node modules, dist/, a Python with the pinned PyTorch
  start         set up, then the smoke suite and an example audit     (npm start)
  test …        set up, then vitest with the arguments that follow    (npm test -- …)
  run …         set up, then normative with the arguments that follow

  --python PATH       use this Python
  --cuda-ok           allow PyTorch's CUDA build, several gigabytes
  --torch-index URL   take torch from this package index
  --print-python      print the path of the Python on standard output`;

const root = dirname(fileURLToPath(import.meta.url));

/** Returns the exit code: 0 done, 1 what was run differs or fails, 2 something is missing here. */
async function main(argv) {
  const { command, rest, options } = parseArguments(argv);
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  checkNode();
  if (!/[\\/]node_modules[\\/]/.test(root)) {
    await installNodeModules(root);
    await build(root);
  }
  const python = await preparePython(root, options);
  say(`Ready: Node ${process.versions.node}, Python ${python.version} with torch ${python.torch} (${python.path})`);
  if (options.printPython) process.stdout.write(`${python.path}\n`);

  // A Python named here holds for what is run too; else `normative` looks in the same order and finds the same one.
  if (options.python) process.env.NORMATIVE_PYTHON = options.python;
  const normative = [process.execPath, join(root, 'dist', 'ts-impl', 'cli', 'main.js')];
  switch (command) {
    case 'start':
      return start(root, normative);
    case 'test':
      return show(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...rest], {
        cwd: root,
      });
    case 'run':
      return show(normative[0], [normative[1], ...rest]);
    default:
      return 0;
  }
}

// --- internal ---

/** Options come before or after `start`; what follows `test` or `run` is theirs, but for our own options. */
function parseArguments(argv) {
  const options = {};
  const words = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    const value = () => {
      i += 1;
      if (argv[i] === undefined) throw new Stop(`${word} needs a value.\n\n${USAGE}`);
      return argv[i];
    };
    const passedOn = words[0] === 'test' || words[0] === 'run';
    if (passedOn) words.push(word);
    else if (word === '--python') options.python = value();
    else if (word === '--torch-index') options.torchIndex = value();
    else if (word === '--cuda-ok') options.cudaOk = true;
    else if (word === '--print-python') options.printPython = true;
    else if (word === '--help' || word === '-h') options.help = true;
    else if (words.length === 0 && ['start', 'test', 'run'].includes(word)) words.push(word);
    else throw new Stop(`setup does not know ${word}.\n\n${USAGE}`);
  }
  return { command: words[0], rest: words.slice(1), options };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  say(`\n${error.message}`);
  process.exitCode = error.exitCode;
}
