/** Whether an element is in sight: what is not need not be drawn. */

import type { Attachment } from 'svelte/attachments';

export class Sight {
  seen = $state(false);

  readonly watch: Attachment = (element) => {
    const observer = new IntersectionObserver((entries) => (this.seen = entries.at(-1)?.isIntersecting ?? false));
    observer.observe(element);
    return () => observer.disconnect();
  };
}
