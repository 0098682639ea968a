/** The notebook beside the components: the current one of JupyterLab, or the page's own in Notebook 7. */

import { NotebookActions, type INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Notebook } from '../ui/host';

export class LabNotebook implements Notebook {
  constructor(
    private readonly tracker: INotebookTracker,
    private readonly trans: TranslationBundle
  ) {}

  obstacle(): string | null {
    const book = this.tracker.currentWidget;
    if (book === null) {
      return this.trans.__('Open a notebook first');
    }
    return book.model?.readOnly === true ? this.trans.__('The notebook cannot be changed') : null;
  }

  async insert(code: string): Promise<void> {
    const obstacle = this.obstacle();
    const book = this.tracker.currentWidget;
    if (book === null || obstacle !== null) {
      throw new Error(obstacle ?? '');
    }
    await book.context.ready;
    const { content } = book;
    NotebookActions.insertBelow(content);
    content.activeCell?.model.sharedModel.setSource(code);
    if (content.activeCell !== null) {
      void content.scrollToCell(content.activeCell);
    }
  }

  changed(listener: () => void): () => void {
    this.tracker.currentChanged.connect(listener);
    return () => this.tracker.currentChanged.disconnect(listener);
  }
}
