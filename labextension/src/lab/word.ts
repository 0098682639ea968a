/** The Python name under the pointer in a notebook's cell. */

import type { INotebookTracker } from '@jupyterlab/notebook';

const NAME = /[\p{L}_][\p{L}\p{N}_]*/gu;
const WHOLE = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** Return the selected name, or the one at the event's place; empty when there is none. */
export function wordAt(tracker: INotebookTracker, event: MouseEvent): string {
  const cell = tracker.currentWidget?.content.widgets.find(
    each => event.target instanceof Node && each.node.contains(event.target)
  );
  const editor = cell?.editor;
  if (editor === undefined || editor === null) {
    return '';
  }
  const { start, end } = editor.getSelection();
  const source = editor.model.sharedModel.getSource();
  const selected = source.slice(editor.getOffsetAt(start), editor.getOffsetAt(end)).trim();
  if (WHOLE.test(selected)) {
    return selected;
  }
  const { clientX: x, clientY: y } = event;
  const place = { left: x, right: x, x, top: y, bottom: y, y, width: 0, height: 0, toJSON: () => null };
  const position = editor.getPositionForCoordinate(place);
  return position === null ? '' : nameAt(source, editor.getOffsetAt(position));
}

export function nameAt(source: string, offset: number): string {
  for (const { 0: name, index } of source.matchAll(NAME)) {
    if (index <= offset && offset <= index + name.length) {
      return name;
    }
  }
  return '';
}
