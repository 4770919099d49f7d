// The lesson of each axis. An axis without one is not finished.

import type { Lesson } from './lesson.ts';
import { CONDUCT_LESSONS } from './lessons-conduct.ts';
import { NUMBER_LESSONS } from './lessons-numbers.ts';
import { SHAPE_LESSONS } from './lessons-shape.ts';
import { STATE_LESSONS } from './lessons-state.ts';

/** Throws for an id without any. */
export function lessonOf(id: string): Lesson {
  const lesson = LESSONS[id];
  if (lesson === undefined) throw new RangeError(`axis ${id} has no lesson; write one in lessons-*.ts`);
  return lesson;
}

// --- internal ---

const LESSONS: Readonly<Record<string, Lesson>> = {
  ...SHAPE_LESSONS,
  ...NUMBER_LESSONS,
  ...STATE_LESSONS,
  ...CONDUCT_LESSONS,
};
