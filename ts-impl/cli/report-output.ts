// Where a report goes: standard output or a file, as text, JSON or JSONL. A file is opened before the work begins.

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { renderHeader, renderJson, renderRemainder } from '../conformance/report/render-rows.ts';
import { renderText } from '../conformance/report/render-text.ts';
import type { Report } from '../conformance/report/report.ts';
import { type Edge, UsageError, wantsColor } from './edge.ts';

export const FORMATS = ['text', 'json', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputOptions {
  readonly format: Format;
  readonly output?: string | undefined;
  readonly color: boolean;
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how the report is written').choices([...FORMATS]).default('text'))
    .option('--output <file>', 'write it there; the text report still goes to standard output')
    .option('--no-color', 'no colour (NO_COLOR and pipes are respected too)');
}

export interface ReportSink {
  /** A row that is known before the report is, the header first: written for jsonl only. */
  row(render: () => string): void;
  report(report: Report): void;
  close(): void;
}

/** Throws UsageError where the file can't be written. */
export function openSink(edge: Edge, options: OutputOptions, render: typeof renderText = renderText): ReportSink {
  const { format, output } = options;
  const file = output === undefined ? null : openFile(output);
  let written = false;
  const write = (text: string) => {
    written = true;
    if (file === null) edge.out(text);
    else writeSync(file, text);
  };
  const text = (report: Report) => render(report, wantsColor(edge, options.color));
  return {
    row: (render) => {
      if (format === 'jsonl') write(render());
    },
    report: (report) => {
      if (format === 'json') write(renderJson(report));
      else if (format === 'jsonl') write((written ? '' : renderHeader(report)) + renderRemainder(report));
      else write(file === null ? text(report) : render(report, false));
      if (file !== null) edge.out(text(report));
    },
    close: () => {
      if (file === null || output === undefined) return;
      closeSync(file);
      if (!written) rmSync(output, { force: true }); // an empty file would look like a report
    },
  };
}

// --- internal ---

function openFile(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (problem) {
    throw new UsageError(
      `--output ${path} can't be written (${problem instanceof Error ? problem.message : problem}); name another file, or make its folder first`,
    );
  }
}
