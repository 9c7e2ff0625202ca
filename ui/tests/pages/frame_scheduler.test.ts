import { describe, expect, it } from 'vitest';

import { FrameScheduler } from '../../src/lib/store/frame_scheduler';

describe('FrameScheduler', () => {
  function played() {
    const frames: (() => void)[] = [];
    const drawn: string[] = [];
    const scheduler = new FrameScheduler((callback) => frames.push(callback));
    const parts = ['a', 'b', 'c'].map((name) => ({ name }));
    const ask = (what: string) => parts.forEach((part) => scheduler.schedule(part, () => drawn.push(part.name + what)));
    return { frames, drawn, scheduler, parts, ask, draw: () => frames.splice(0).forEach((each) => each()) };
  }

  it('draws two a frame, and asks for no frame once all are drawn', () => {
    const { frames, drawn, ask, draw } = played();
    ask('1');
    expect(frames).toHaveLength(1);
    draw();
    expect(drawn).toEqual(['a1', 'b1']);
    draw();
    expect(drawn).toEqual(['a1', 'b1', 'c1']);
    expect(frames).toHaveLength(0);
  });

  it('draws what was said last, and keeps the order', () => {
    const { drawn, ask, draw } = played();
    ask('1');
    ask('2');
    draw();
    ask('3');
    draw();
    draw();
    expect(drawn).toEqual(['a2', 'b2', 'c3', 'a3', 'b3']);
  });

  it('leaves a frame to who goes first', () => {
    const { frames, drawn, scheduler, ask, draw } = played();
    ask('1');
    scheduler.scheduleFirst(() => drawn.push('all'));
    const back = scheduler.scheduleFirst(() => drawn.push('taken back'));
    back();
    draw();
    expect(drawn).toEqual(['all']);
    draw();
    draw();
    expect(drawn).toEqual(['all', 'a1', 'b1', 'c1']);
    expect(frames).toHaveLength(0);
  });

  it('forgets who left', () => {
    const { drawn, scheduler, parts, ask, draw } = played();
    ask('1');
    scheduler.cancel(parts[0] ?? {});
    draw();
    expect(drawn).toEqual(['b1', 'c1']);
  });
});
