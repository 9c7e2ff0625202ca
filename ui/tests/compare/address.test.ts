import { describe, expect, it } from 'vitest';

import { addressOf, chosenOf, laneOf, matchOf, runOf, withBaseline, withLane, withMatch, withoutRun, withRun } from '../../src/pages/compare/address';

const of = (query: string) => chosenOf(new URLSearchParams(query));

describe('the address of a comparison', () => {
  it('holds two to five runs, and the lanes that are matched by hand', () => {
    const address = '/compare?a=1&b=2&c=3&match=x%3Dy%3D-&match=z%3D%3Dw';
    expect(addressOf(of(address.slice(address.indexOf('?'))))).toBe(address);
    expect(of('a=1&b=2&match=x=y').match).toEqual([['x', 'y']]);
    expect(addressOf(of('a=1&b=2&c=&e=5&f=6'))).toBe('/compare?a=1&b=2&c=5');
    expect(addressOf(of('b=2'))).toBe('/compare?b=2');
    expect(addressOf(of(''))).toBe('/compare');
  });

  it('adds, changes and removes runs with their matches', () => {
    const chosen = of('a=1&b=2&match=x=y');
    expect(addressOf(withRun(chosen, 2, '3'))).toBe('/compare?a=1&b=2&c=3&match=x%3Dy');
    expect(addressOf(withRun(chosen, 1, '9'))).toBe('/compare?a=1&b=9');
    expect(addressOf(withRun(chosen, 0, '9'))).toBe('/compare?a=9&b=2');
    expect(addressOf(withoutRun(of('a=1&b=2&c=3&match=x=y=z'), 1))).toBe('/compare?a=1&b=3&match=x%3Dz');
    expect(addressOf(withoutRun(of('a=1&b=2&c=3&match=x=y=z'), 0))).toBe('/compare?a=2&b=3&match=y%3Dz');
  });

  it('turns matches over to another baseline', () => {
    expect(addressOf(withBaseline(of('a=1&b=2&match=x=y'), 1))).toBe('/compare?a=2&b=1&match=y%3Dx');
    expect(addressOf(withBaseline(of('a=1&b=2&c=3&match=x=-=z&match=w=v=u'), 1))).toBe('/compare?a=2&b=1&c=3&match=v%3Dw%3Du');
  });
});

it('one lane of a run can take part alone', () => {
  const one = withLane(of('a=1&b=2&match=x=y'), 1, 'lane-2');
  expect(addressOf(one)).toBe('/compare?a=1&b=2%3Alane-2');
  expect([runOf(one.runs[1] ?? ''), laneOf(one.runs[1] ?? ''), laneOf('1'), laneOf('1:a:b')]).toEqual(['2', 'lane-2', null, 'a:b']);
  expect(addressOf(withLane(one, 1, ''))).toBe('/compare?a=1&b=2');
});

describe('a match by hand', () => {
  it('takes the lane from the one that had it', () => {
    const one = withMatch(of('a=1&b=2&c=3'), 'x', 1, 'p');
    expect(addressOf(one)).toBe('/compare?a=1&b=2&c=3&match=x%3Dp%3D');
    const two = withMatch(withMatch(one, 'x', 2, 'q'), 'y', 1, 'p');
    expect([matchOf(two, 'x', 1), matchOf(two, 'x', 2), matchOf(two, 'y', 1)]).toEqual(['', 'q', 'p']);
  });

  it('is undone by the rules, and none may be chosen more than once', () => {
    const none = withMatch(withMatch(of('a=1&b=2'), 'x', 1, '-'), 'y', 1, '-');
    expect(none.match).toEqual([['x', '-'], ['y', '-']]);
    expect(addressOf(withMatch(withMatch(none, 'x', 1, ''), 'y', 1, ''))).toBe('/compare?a=1&b=2');
  });
});
