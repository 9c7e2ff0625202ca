/** The title of the tab, where a page has more to say than its name. */

class Title {
  now = $state<string | null>(null);

  /** Show this title until the page is left. */
  show(text: string | null): () => void {
    this.now = text;
    return () => (this.now = null);
  }
}

export const title = new Title();
