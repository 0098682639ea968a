/** Where the focus goes in a form: to the first field that is wrong, to one that is named, to a choice. No React in here. */

export function focusChoice(body: HTMLElement | null): void {
  const choice = body?.querySelector<HTMLElement>('.mdl-Merge-choice');
  choice?.querySelector('button')?.focus();
  choice?.scrollIntoView({ block: 'center' });
}

export function focusFirst(body: HTMLElement | null): void {
  const first = body?.querySelector<HTMLElement>('[aria-invalid="true"], .mdl-Picker.mdl-mod-invalid');
  const path = first?.dataset['path'];
  if (path !== undefined) {
    focusOn(body, path);
  }
}

export function focusOn(body: HTMLElement | null, path: string): void {
  const place = body?.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
  place?.closest('details')?.setAttribute('open', '');
  const target =
    place?.matches('input, textarea, select') === true
      ? place
      : place?.querySelector<HTMLElement>('[tabindex="0"]');
  target?.focus();
  place?.scrollIntoView({ block: 'center' });
}
