/** The address: which page it names, and links that need no reload. */

interface Place {
  path: string;
  query: URLSearchParams;
}

class Router {
  place = $state.raw<Place>(read());

  constructor() {
    addEventListener('popstate', () => (this.place = read()));
  }

  go(address: string): void {
    history.pushState(null, '', address);
    this.place = read();
    scrollTo(0, 0);
  }

  /** Change the address without a step in the history: state that is being typed. */
  replace(address: string): void {
    history.replaceState(history.state, '', address);
    this.place = read();
  }

  /** The address of this place with another value of one of its query's keys; null leaves the key out. */
  with(key: string, value: string | null): string {
    const query = new URLSearchParams(this.place.query);
    if (value === null) query.delete(key);
    else query.set(key, value);
    const search = query.toString();
    return this.place.path + (search ? `?${search}` : '');
  }
}

export const router = new Router();

/** Follow a plain click on a link of this page; everything else is the browser's. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const elsewhere = link.origin !== location.origin || link.pathname.startsWith('/api/');
  if (link.target || link.hasAttribute('download') || elsewhere) return;
  if (link.pathname === location.pathname && link.hash) return;
  event.preventDefault();
  router.go(link.pathname + link.search + link.hash);
}

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}
