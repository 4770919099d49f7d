// Tells an instance that it trains or evaluates, in whatever way it can be told. It runs no forward.

const FLAGS = [
  'training',
  'isTraining',
  'is_training',
  'train_mode',
  'trainMode',
  'trainingMode',
  'inTraining',
] as const;
const INVERSE = [
  'inference',
  'evaluating',
  'isEval',
  'evalMode',
  'eval_mode',
  'isInference',
  'testing',
  'frozen',
] as const;
const SETTERS = ['setTraining', 'set_training', 'setTrainMode', 'setIsTraining'] as const;

/** By `train()` and `eval()`, a setter, or a flag; an instance with none of them is left alone. */
export async function setMode(instance: unknown, mode: 'train' | 'eval'): Promise<void> {
  if (typeof instance !== 'object' || instance === null) return;
  const fields = instance as Record<string, unknown>; // an object of any class
  const training = mode === 'train';
  const call = (name: string, ...values: readonly unknown[]) =>
    (fields[name] as (...all: readonly unknown[]) => unknown).call(instance, ...values); // looked at before
  const has = (name: string) => typeof fields[name] === 'function';
  if (has('train') && has('eval')) await (training ? call('train') : call('eval'));
  else if (has('train') && has('evaluate')) await (training ? call('train') : call('evaluate'));
  else if (has('train') && FLAGS.some((name) => typeof fields[name] === 'boolean')) await call('train', training);
  const setter = SETTERS.find(has);
  if (setter !== undefined) await call(setter, training);
  else if (has('setMode')) await call('setMode', training ? 'train' : 'eval');
  for (const flag of FLAGS) if (typeof fields[flag] === 'boolean') assign(fields, flag, training);
  for (const flag of INVERSE) if (typeof fields[flag] === 'boolean') assign(fields, flag, !training);
  if (typeof fields.mode === 'string') {
    assign(fields, 'mode', training ? 'train' : /^(train|eval)/.test(fields.mode) ? 'eval' : 'inference');
  }
}

// --- internal ---

function assign(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (fields[name] === value) return;
  try {
    fields[name] = value;
  } catch {
    // a getter alone: its method has told it
  }
}
