// Thrown for a case that no stand-alone script can tell. The message says which step, and what to do instead.

export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}
