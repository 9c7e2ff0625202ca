/** Long work in slices: a page that works still draws and answers. */

const SLICE_MS = 8;

export class Slices {
  private began = performance.now();

  /** Let the browser go first where this slice was long enough; throws once `signal` says so. */
  async rest(signal: AbortSignal): Promise<void> {
    if (performance.now() - this.began < SLICE_MS) return;
    await breath();
    signal.throwIfAborted();
    this.began = performance.now();
  }
}

/** A message is not held back as a timer is. */
function breath(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}
