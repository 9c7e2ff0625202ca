/** Light, dark, or as the system says; kept in this browser. */

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'benchrace.theme';

/** Colours by their names: to resolve one, the browser computes styles anew. */
const resolved = new Map<string, string>();

class Chosen {
  theme = $state<Theme>(stored());
  /** Rises whenever colours may have changed: canvases must be drawn again. */
  turn = $state(0);

  constructor() {
    this.apply();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.changed());
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
    this.changed();
  }

  private changed(): void {
    resolved.clear();
    this.turn += 1;
  }
}

export const chosen = new Chosen();

/** Resolve a colour of the design, for a canvas. */
export function colour(within: HTMLElement | SVGElement, name: string): string {
  const known = resolved.get(name);
  if (known !== undefined) return known;
  const before = within.style.color;
  within.style.color = `var(${name})`;
  const found = getComputedStyle(within).color;
  within.style.color = before;
  resolved.set(name, found);
  return found;
}

function stored(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}
