/** Light, dark, or as the system says; kept in this browser. */

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'benchrace.theme';

class Chosen {
  theme = $state<Theme>(stored());
  /** Rises whenever colours may have changed: canvases must be drawn again. */
  turn = $state(0);

  constructor() {
    this.apply();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (this.turn += 1));
  }

  choose(theme: Theme): void {
    this.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // A browser that keeps nothing still shows the theme until it is closed.
    }
    this.apply();
  }

  private apply(): void {
    if (this.theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
    this.turn += 1;
  }
}

export const chosen = new Chosen();

/** Resolve a colour of the design, for a canvas. */
export function colour(within: HTMLElement | SVGElement, name: string): string {
  const before = within.style.color;
  within.style.color = `var(${name})`;
  const stored = getComputedStyle(within).color;
  within.style.color = before;
  return stored;
}

function stored(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}
