// The published JSON Schema, compiled: what it says of reports and of rows.

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const schema = JSON.parse(readFileSync(new URL('../../../docs/report.schema.json', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
const validateReport = ajv.compile(schema);
const validateRow = ajv.compile({ $ref: `${schema.$id}#/$defs/row` });

/** What is wrong with a report, empty where nothing is. */
export function faultsOfReport(report: unknown): string[] {
  return validateReport(report) ? [] : (validateReport.errors ?? []).map((e) => `${e.instancePath} ${e.message}`);
}

export function faultsOfRow(row: unknown): string[] {
  return validateRow(row) ? [] : (validateRow.errors ?? []).map((e) => `${e.instancePath} ${e.message}`);
}
