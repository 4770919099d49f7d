// Code as people paste it out of a session, made plain Python line by line: prompts taken away, shell lines and magics turned into comments.

/** The same number of lines. Code with neither prompts nor magics comes back as it is. */
export function plainPython(code: string): string {
  const lines = code.split('\n');
  const session = /^\s*>>> /.test(code); // elsewhere it stands in a docstring
  return lines.map((line) => withoutMagic(session ? withoutPrompt(line) : line)).join('\n');
}

// --- internal ---

/** In a session what follows no prompt is what was printed. */
function withoutPrompt(line: string): string {
  const typed = /^\s*(?:>>>|\.\.\.)(?: (.*))?$/.exec(line);
  if (typed !== null) return typed[1] ?? '';
  return line.trim() === '' ? '' : `# ${line}`;
}

/** `pass` keeps a block alive whose only line it was. */
function withoutMagic(line: string): string {
  const magic = /^(\s*)((?:%{1,2}[A-Za-z_]|!\S|\?\w|\w[\w.]*\s*=\s*(?:!|%[A-Za-z_])).*|[\w.]+\?{1,2}\s*)$/.exec(line);
  return magic === null ? line : `${magic[1]}pass  # ${magic[2]}`;
}
