import { expect, it } from 'vitest';

import { around, countsOf, differences } from '../../src/pages/race/speech/differences';
import { liveLines, place, segmentAt } from '../../src/pages/race/speech/segments';
import { fileOf, readTranscripts, transcriptFiles, transcriptRounds, type Edit } from '../../src/pages/race/speech/transcripts';
import { heard, transcript } from './run';

const ops = (edits: Edit[] | null) => edits?.map(({ op, before, after }) => [op, before, after]);

it('compares words and not how they are written', () => {
  expect(ops(differences('Two gulls, follow it.', 'two GULLS follow - it'))).toEqual([['equal', 'two GULLS follow it', '']].map(([op, text]) => [op, text, text]));
});

it('tells words that are missing, added, and said otherwise', () => {
  const edits = differences('The ferry leaves the old port at seven today', 'Um the ferry leaves the port at eleven today');
  expect(ops(edits)).toEqual([
    ['insert', '', 'Um'],
    ['equal', 'the ferry leaves the', 'the ferry leaves the'],
    ['delete', 'old', ''],
    ['equal', 'port at', 'port at'],
    ['substitute', 'seven', 'eleven'],
    ['equal', 'today', 'today'],
  ]);
  expect(countsOf(edits ?? [])).toEqual({ words: 9, other: 1, missing: 1, added: 1 });
});

it('compares characters of a script without spaces, and nothing with nothing', () => {
  const edits = differences('今天的天气真的很好我们一起去公园', '今天的天气真的不好我们一起去公园');
  expect(ops(edits)?.filter(([op]) => op !== 'equal')).toEqual([['substitute', '很', '不']]);
  expect(differences('', '')).toEqual([]);
  expect(ops(differences('', 'some words'))).toEqual([['insert', '', 'some words']]);
});

it('leaves out long stretches that are alike, and says how long they are', () => {
  const words = Array.from({ length: 100 }, (_, at) => `w${at}`);
  const edits = differences([...words, 'a', 'b', 'c'].join(' '), [...words, 'x', 'b', 'c'].join(' ')) ?? [];
  const shown = around(edits);
  expect(shown.map(({ op, after, left_out }) => [op, after.split(' ').length, left_out])).toEqual([
    ['equal', 1, 92],
    ['equal', 8, 0],
    ['substitute', 1, 0],
    ['equal', 2, 0],
  ]);
  expect(shown[0]?.after).toBe('');
  expect(shown[1]?.after.startsWith('w92 ')).toBe(true);
});

it('finds what is heard at a time, and nothing in a pause', () => {
  const segments = [
    { start_s: 0, end_s: 2, text: 'a' },
    { start_s: 3, end_s: 5, text: 'b' },
  ];
  expect([0, 1.99, 2.5, 3, 5].map((time) => segmentAt(segments, time))).toEqual([0, 0, -1, 1, -1]);
});

it('writes places in a recording, and reads those of the live lines', () => {
  expect([0, 9.96, 62.54, 3_723.1].map(place)).toEqual(['0:00.0', '0:10.0', '1:02.5', '1:02:03.1']);
  expect(liveLines('a.wav:\n[00:01.000 --> 01:02.500] <b>Hello</b>\n[1:00:00.000 --> 1:00:01.000] there\n')).toEqual([
    { times: null, text: 'a.wav:' },
    { times: '0:01.0 – 1:02.5', text: '<b>Hello</b>' },
    { times: '1:00:00.0 – 1:00:01.0', text: 'there' },
  ]);
});

it('reads an artifact as far as it is one of transcripts', () => {
  expect(readTranscripts({ text: 'x' })).toBeNull();
  const edits = [{ op: 'equal', reference: 'a', transcript: 'a' }, { op: 'eval', reference: 'x' }, null];
  const [read] = readTranscripts(heard(['a'], { edits })) ?? [];
  expect(read?.edits).toEqual([{ op: 'equal', before: 'a', after: 'a' }]);
  expect(readTranscripts([{ segments: [{ start_s: '0' }, 7], text: 8 }])).toEqual([{ name: '', digest: '', text: '', segments: [], language: null, edits: null }]);
});

it('offers rounds only where they differ', () => {
  const alike = transcriptFiles([transcript('a', 0), transcript('a', 1), transcript('b', 0)]);
  expect(transcriptRounds(alike)).toEqual([1]);
  expect(fileOf(alike, 'b', 1, true)?.round).toBe(0);
  const other = transcriptFiles([transcript('a', 0), transcript('a', 1, 'c'), transcript('b', 0)]);
  expect(transcriptRounds(other)).toEqual([0, 1]);
  expect([fileOf(other, 'a', 0, false)?.sha256[0], fileOf(other, 'b', 1, false)]).toEqual(['a', null]);
});
