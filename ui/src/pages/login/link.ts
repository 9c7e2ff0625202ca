/** The code of a login link: in the fragment, which no request carries, and taken out of the address. */

const CODE = /^#login=([\w-]{1,128})$/;

export function takeCode(): string | null {
  const code = CODE.exec(location.hash)?.[1] ?? null;
  if (code !== null) history.replaceState(history.state, '', location.pathname + location.search);
  return code;
}
