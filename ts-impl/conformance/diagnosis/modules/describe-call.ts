// How an export was called, in a sentence or two for people: its arguments, its input, and what it was not asked.

import type { ExportFacts } from '../../subjects/js/foreign/export-facts.ts';
import type { PlannedExport } from '../../subjects/js/foreign/make-plans.ts';
import type { Container, Plan, Slot } from '../../subjects/js/foreign/plan.ts';

/** What a reader has to know to follow the findings. */
export function describeCall(
  facts: ExportFacts,
  { plan }: PlannedExport,
  gradients: readonly string[] | null,
): string[] {
  if (facts.kind === 'adapter') return ['asked through its adapter'];
  const input = `its input is ${containerWords(plan.container)}${liftWords(plan)}`;
  const lines = [`called as ${callWords(facts, plan)}; ${input}`];
  if (plan.given) lines.push('it computes no statistics: in training it was given those of the batch');
  if (gradients === null) lines.push('it has no way back, so no gradient was asked');
  return lines;
}

// --- internal ---

function callWords({ name }: ExportFacts, plan: Plan): string {
  const call = `(${plan.slots.map(slotWords).filter(Boolean).join(', ')})`;
  if (plan.make === null) return `${name}${call}`;
  const made = `${plan.make.by === 'new' ? 'new ' : ''}${name}(…)`;
  return plan.method === null ? `${made}${call}` : `${made}.${plan.method.train}${call}`;
}

function slotWords(slot: Slot): string {
  switch (slot.kind) {
    case 'input':
      return 'input';
    case 'out':
    case 'shape':
    case 'upstream':
    case 'cache':
      return slot.kind;
    case 'dim':
      return 'size';
    case 'tensor':
    case 'option':
      return slot.name;
    case 'constant':
      return String(slot.value);
    case 'mode':
      return 'mode';
    case 'bag':
      return `{ ${slot.entries
        .map((entry) => slotWords(entry.slot))
        .filter(Boolean)
        .join(', ')} }`;
    case 'nothing':
      return '';
    default:
      return slot satisfies never;
  }
}

function containerWords(container: Container): string {
  switch (container.kind) {
    case 'nested':
      return 'arrays in arrays';
    case 'rows':
      return 'an array of typed arrays';
    case 'typed':
      return 'a flat typed array';
    case 'numbers':
      return 'a flat array of numbers';
    case 'object':
      return `an object { ${container.data}, ${container.shape} }`;
    case 'class':
      return `a ${container.name}`;
    default:
      return container satisfies never;
  }
}

function liftWords({ lift }: Plan): string {
  switch (lift) {
    case 'none':
      return '';
    case 'rows':
      return ', one for each row of the last axis';
    case 'columns':
      return ', one for each channel';
    case 'instances':
      return ', one for each channel of each sample';
    default:
      return lift satisfies never;
  }
}
