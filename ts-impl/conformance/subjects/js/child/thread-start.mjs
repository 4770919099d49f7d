// The first lines of a thread that runs a module: the hook that runs TypeScript, then the thread's program. It does nothing else.

import { register } from 'node:module';
import { workerData } from 'node:worker_threads';

register(new URL('./typescript-hook.mjs', import.meta.url));
await import(workerData.program);
