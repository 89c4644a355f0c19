/** SlickGrid drags columns by Sortable, which it looks for among the page's globals. */

import Sortable from "sortablejs";

declare global {
  interface Window {
    Sortable?: unknown;
  }
}

/** Put it there, unless the page has one. */
export function provideSortable(): void {
  window.Sortable ??= Sortable;
}
