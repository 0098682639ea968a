/** The kernel of the current notebook, asked silently: `mdeploy_lab.notebook.probe` answers in it. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel as Services, KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Kernel, KernelAnswer, KernelFrame, KernelModel, KernelRows } from '../ui/kernel';

/** Milliseconds: a kernel that is not busy answers in a few; the first question of all imports our package. */
const PATIENCE = 2000;
/** A model may take its time. */
const ANSWER_PATIENCE = 60_000;
const EXPRESSION = 'asked';
const PROBE = "__import__('mdeploy_lab.notebook.probe', fromlist=['probe'])";

type Connection = Services.IKernelConnection;

export class LabKernel implements Kernel {
  #listeners = new Set<() => void>();
  #ending: (() => void) | null = null;
  /** Questions of ours that the kernel has not answered yet. */
  #asked = 0;

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly trans: TranslationBundle
  ) {}

  async obstacle(): Promise<string | null> {
    try {
      await this.models();
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async models(): Promise<KernelModel[]> {
    return (await this.#ask<{ models: KernelModel[] }>('models()')).models;
  }

  async frames(): Promise<KernelFrame[]> {
    return (await this.#ask<{ frames: KernelFrame[] }>('frames()')).frames;
  }

  rows(frame: string, start: number, count: number): Promise<KernelRows> {
    return this.#ask(`rows(${text(frame)}, ${start}, ${count})`);
  }

  answer(
    model: string,
    frame: string,
    start: number,
    count: number,
    method: string,
    columns: readonly string[] = []
  ): Promise<KernelAnswer> {
    const names = `[${columns.map(text).join(', ')}]`;
    const call = `answer(${text(model)}, ${text(frame)}, ${start}, ${count}, ${text(method)}, ${names})`;
    return this.#ask(call, ANSWER_PATIENCE);
  }

  async run(code: string, told?: (text: string) => void): Promise<void> {
    const kernel = this.#ready();
    const future = kernel.requestExecute({ code, store_history: false, allow_stdin: false }, true);
    future.onIOPub = message => {
      const said = saidBy(message);
      if (said !== '') {
        told?.(said);
      }
    };
    const { content } = await future.done;
    if (content.status === 'error') {
      throw new Error(firstLine(content.evalue) || content.ename);
    }
    if (content.status !== 'ok') {
      throw new Error(this.trans.__('It was interrupted'));
    }
  }

  /** Hear when another notebook or kernel is current, or a cell has run; what we ask ourselves is not told. */
  changed(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#ending ??= this.#watch();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        this.#ending?.();
        this.#ending = null;
      }
    };
  }

  #watch(): () => void {
    let context: ISessionContext | null = null;
    const running = new Set<string>();
    const tell = (): void => this.#listeners.forEach(listener => listener());
    const heard = (_: unknown, message: KernelMessage.IMessage): void => {
      const parent = 'msg_id' in message.parent_header ? message.parent_header.msg_id : '';
      if (message.header.msg_type === 'execute_input') {
        running.add(parent); // silent requests have none
      } else if (
        message.header.msg_type === 'status' &&
        (message as KernelMessage.IStatusMsg).content.execution_state === 'idle' &&
        running.delete(parent)
      ) {
        tell();
      }
    };
    const follow = (): void => {
      context?.iopubMessage.disconnect(heard);
      context?.kernelChanged.disconnect(tell);
      context = this.tracker.currentWidget?.sessionContext ?? null;
      context?.iopubMessage.connect(heard);
      context?.kernelChanged.connect(tell);
    };
    const moved = (): void => {
      follow();
      tell();
    };
    follow();
    this.tracker.currentChanged.connect(moved);
    return () => {
      this.tracker.currentChanged.disconnect(moved);
      context?.iopubMessage.disconnect(heard);
      context?.kernelChanged.disconnect(tell);
    };
  }

  /** The kernel if it can be asked now; else why not, in a sentence. */
  #ready(): Connection {
    const { trans } = this;
    const book = this.tracker.currentWidget;
    if (book === null) {
      throw new Error(trans.__('Open a notebook first'));
    }
    const kernel = book.sessionContext.session?.kernel ?? null;
    if (kernel === null) {
      throw new Error(trans.__('The notebook has no kernel'));
    }
    const language = book.model?.defaultKernelLanguage ?? 'python';
    if (language !== '' && language !== 'python') {
      throw new Error(trans.__('The kernel speaks %1; only Python has models to deploy', language));
    }
    switch (kernel.status) {
      case 'busy':
        if (this.#asked > 0) {
          return kernel; // with us: the next question waits its turn
        }
        throw new Error(trans.__('The kernel is busy; try again when its cell has run'));
      case 'dead':
      case 'terminating':
        throw new Error(trans.__('The kernel is dead; restart it'));
      case 'starting':
      case 'restarting':
      case 'autorestarting':
      case 'unknown':
        throw new Error(trans.__('The kernel is starting; try again in a moment'));
      default:
        return kernel;
    }
  }

  async #ask<T>(call: string, patience = PATIENCE): Promise<T> {
    const kernel = this.#ready();
    this.#asked += 1;
    const future = kernel.requestExecute({
      code: '',
      silent: true,
      store_history: false,
      allow_stdin: false,
      user_expressions: { [EXPRESSION]: `${PROBE}.${call}` }
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(this.trans.__('The kernel does not answer; try again when it is idle')));
      }, patience);
    });
    try {
      const { content } = await Promise.race([future.done, late]);
      return this.#read<T>(content);
    } finally {
      this.#asked -= 1;
      clearTimeout(timer);
      future.dispose();
    }
  }

  #read<T>(content: KernelMessage.IExecuteReplyMsg['content']): T {
    const { trans } = this;
    if (content.status !== 'ok') {
      throw new Error(trans.__('The kernel did not answer'));
    }
    const found = content.user_expressions[EXPRESSION] as Evaluated | undefined;
    if (found?.status === 'error') {
      throw new Error(this.#refusal(found.ename, found.evalue));
    }
    const value = found?.data['application/json'] as (T & { error?: string; hint?: string }) | undefined;
    if (value === undefined) {
      throw new Error(trans.__('The kernel did not answer'));
    }
    if (value.error !== undefined) {
      throw new Error([value.error, value.hint].filter(each => each).join('. '));
    }
    return value;
  }

  #refusal(name: string, text: string): string {
    if (name !== 'ModuleNotFoundError') {
      return `${name}: ${firstLine(text)}`;
    }
    return text.includes('mdeploy_lab.notebook')
      ? this.trans.__(
          "This kernel's mdeploy is too old: run %pip install -U mdeploy-lab in it, and restart it"
        )
      : this.trans.__('This kernel has no mdeploy: run %pip install mdeploy-lab in it');
  }
}

type Evaluated =
  | { status: 'ok'; data: Record<string, unknown> }
  | { status: 'error'; ename: string; evalue: string };

/** JSON's strings are Python's. */
function text(value: string): string {
  return JSON.stringify(value);
}

function firstLine(value: string): string {
  return value.split('\n', 1)[0] ?? '';
}

/** What a message puts into a cell's output, as text. */
function saidBy(message: KernelMessage.IIOPubMessage): string {
  switch (message.header.msg_type) {
    case 'stream':
      return (message as KernelMessage.IStreamMsg).content.text;
    case 'display_data':
    case 'update_display_data':
    case 'execute_result': {
      const data = (message as KernelMessage.IDisplayDataMsg).content.data['text/plain'];
      return typeof data === 'string' ? data : '';
    }
    default:
      return '';
  }
}
