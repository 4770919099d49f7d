// The port as one piece of JavaScript for a browser, with all that it imports. What is not for browsers fails the bundling.

import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Bundle {
  readonly code: string;
  /** Of what the code consists: files from the root of the repository, packages by their path. */
  readonly modules: readonly string[];
}

/** Bundles a file of the repository. `name` is the global that its exports become; without it the code is a module. */
export async function bundleOf(
  entry: string,
  options: { readonly minify: boolean; readonly name?: string },
): Promise<Bundle> {
  const build = await rolldown({ input: `${ROOT}${entry}`, platform: 'browser', logLevel: 'silent' });
  try {
    const { name, minify } = options;
    const { output } = await build.generate(
      name === undefined ? { format: 'esm', minify } : { format: 'iife', name, minify },
    );
    const [chunk] = output;
    return { code: chunk.code, modules: chunk.moduleIds.map((id) => id.replace(ROOT, '')) };
  } finally {
    await build.close();
  }
}

/** Bytes over the wire. */
export function gzippedBytes(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}
