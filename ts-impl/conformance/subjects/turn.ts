// One turn of the event loop, so that messages leave and arrive before a long computation in this process. It waits for nothing.

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
