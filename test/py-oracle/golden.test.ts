// Both sides write the golden messages byte for byte, and docs/protocol.md shows those very bytes.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeReply } from '../../ts-impl/conformance/subjects/wire/reply.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { GOLDEN_MESSAGES } from './golden-messages.ts';
import { renderFrames } from './render-frames.ts';

const REPLAY = fileURLToPath(new URL('./replay_golden.py', import.meta.url));
const FOLDER = fileURLToPath(new URL('../golden/wire/', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../docs/protocol.md', import.meta.url));

const names = GOLDEN_MESSAGES.map(({ name }) => name);
const fileOf = (name: string, part: 'request' | 'reply') => `${FOLDER}${name}.${part}.txt`;

describe('golden requests', () => {
  test.each(GOLDEN_MESSAGES)('$name is what TypeScript sends', async ({ name, frames }) => {
    await expect(renderFrames(frames)).toMatchFileSnapshot(fileOf(name, 'request'));
  });

  test('there is no file of a message that is gone', () => {
    const expected = names.flatMap((name) => [`${name}.request.txt`, `${name}.reply.txt`]);
    expect(readdirSync(FOLDER).sort()).toEqual(expected.sort());
  });
});

/** The frames of a golden file, read back from its hexadecimal lines. */
function framesOf(name: string, part: 'request' | 'reply'): Uint8Array[] {
  const [, ...frames] = readFileSync(fileOf(name, part), 'utf8').split(/^frame \d+: /m);
  return frames.map((frame) =>
    Buffer.from([...frame.matchAll(/^ {2}([0-9a-f]+) /gm)].map(([, hex]) => hex).join(''), 'hex'),
  );
}

describe.skipIf(!hasPython)(`golden replies${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let replies: Record<string, string[]> = {};
  beforeAll(async () => {
    // Python reads the bytes of the files, not those that were encoded just now.
    const requests = GOLDEN_MESSAGES.map(({ name, subject }) => ({
      name,
      subject,
      frames: framesOf(name, 'request').map((frame) => Buffer.from(frame).toString('hex')),
    }));
    const { stdout } = await execa(PYTHON, [REPLAY], { input: JSON.stringify(requests) });
    replies = JSON.parse(stdout) as Record<string, string[]>;
  });

  test.each(names)('%s is what Python answers', async (name) => {
    const frames = replies[name].map((hex) => Buffer.from(hex, 'hex'));
    await expect(renderFrames(frames)).toMatchFileSnapshot(fileOf(name, 'reply'));
  });
});

describe('TypeScript reads', () => {
  test.each(names)('the golden reply to %s', (name) => {
    expect(decodeReply(framesOf(name, 'reply'))).toMatchSnapshot();
  });
});

describe('docs/protocol.md', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const marker = /<!-- golden: (.+) -->\n```text\n[\s\S]*?```/g;

  test('has a place for every golden file', () => {
    const shown = [...text.matchAll(marker)].map(([, file]) => `${file}.txt`);
    expect(shown.sort()).toEqual(readdirSync(FOLDER).sort());
  });

  test('shows each as it is', async () => {
    const current = text.replaceAll(marker, (_, file: string) => {
      const golden = readFileSync(`${FOLDER}${file}.txt`, 'utf8').trim();
      return `<!-- golden: ${file} -->\n\`\`\`text\n${golden}\n\`\`\``;
    });
    await expect(current).toMatchFileSnapshot(DOCUMENT);
  });
});
