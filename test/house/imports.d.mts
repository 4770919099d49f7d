// Types of imports.mjs, for the tests.

export interface ImportsSeen {
  readonly modules: number;
  readonly dependencies: number;
  readonly violations: readonly string[];
}

export function checkImports(root: string): Promise<ImportsSeen>;
export function judge(seen: ImportsSeen): { readonly exitCode: number; readonly text: string };
