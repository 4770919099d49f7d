// A repair as lines for people: its unified diff, coloured as diffs are. It returns text.

import type picocolors from 'picocolors';

type Colors = ReturnType<typeof picocolors.createColors>;

/** The diff under a line that says what it is, indented with the finding. */
export function repairLines(diff: string, colors: Colors): string[] {
  const lines = diff.replace(/\n$/, '').split('\n');
  return [
    `      ${colors.bold('repair')}`,
    ...lines.map((line) => `        ${coloured(line.replace(/\r$/, ''), colors)}`),
  ];
}

// --- internal ---

function coloured(line: string, colors: Colors): string {
  if (/^(---|\+\+\+) /.test(line)) return colors.bold(line);
  if (line.startsWith('@@')) return colors.cyan(line);
  if (line.startsWith('+')) return colors.green(line);
  return line.startsWith('-') ? colors.red(line) : line;
}
