/** Whether an element is in sight: what is not need not be drawn. */

import type { Attachment } from 'svelte/attachments';

export class Sight {
  seen = $state(false);

  /** `margin` is how near to the window counts as in sight, as CSS writes it. */
  constructor(private readonly margin = '0px') {}

  readonly watch: Attachment = (element) => {
    const seen = (entries: IntersectionObserverEntry[]) => (this.seen = entries.at(-1)?.isIntersecting ?? false);
    const observer = new IntersectionObserver(seen, { rootMargin: this.margin });
    observer.observe(element);
    return () => observer.disconnect();
  };
}
