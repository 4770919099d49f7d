// `npm run wasm`: compiles the port's kernels.assembly.ts and embeds the bytes in its kernels.wasm.ts, which nothing else writes.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOM = new URL('../ts-impl/norms/wasm/', import.meta.url);
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];

/** The text of kernels.wasm.ts for the source as it stands. Throws with the compiler's words where it does not compile. */
export async function embedKernels() {
  let binary = null;
  const { error, stderr } = await asc.main(['kernels.assembly.ts', ...OPTIONS, '--outFile', 'kernels.wasm'], {
    readFile: (name) => {
      const source = new URL(name, ROOM);
      return /^\w+\.assembly\.ts$/.test(name) && existsSync(source) ? readFileSync(source, 'utf8') : null;
    },
    writeFile: (_, contents) => {
      binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === null) throw new Error(`kernels.assembly.ts does not compile:\n${stderr.toString()}`);
  return [
    '// Made by `npm run wasm` from kernels.assembly.ts, never by hand.',
    '',
    '/** A WebAssembly module, in base64. */',
    'export const KERNELS =',
    `  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('kernels.wasm.ts', ROOM), await embedKernels());
}
