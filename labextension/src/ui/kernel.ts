/** The running kernel, as far as the components ask it: which models and frames it holds, rows of them, and its own answers. */

export interface KernelModel {
  name: string;
  /** The class, such as `sklearn.linear_model.LogisticRegression`. */
  type: string;
}

export interface KernelFrame {
  name: string;
  /** `DataFrame`, `ndarray`, … */
  type: string;
  rows: number;
  columns: { name: string; type: string }[];
}

/** Some rows of a frame, as JSON values; a missing value is null. */
export interface KernelRows {
  columns: string[];
  start: number;
  rows: unknown[][];
}

/** What the kernel's own model answers to rows of one of its frames. */
export interface KernelAnswer {
  model: string;
  method: string;
  values: unknown;
  milliseconds: number;
}

export interface Kernel {
  /** Why the kernel cannot be asked now (none, busy, no mdeploy in it), in a sentence; null when it can. */
  obstacle(): Promise<string | null>;
  models(): Promise<KernelModel[]>;
  frames(): Promise<KernelFrame[]>;
  rows(frame: string, start: number, count: number): Promise<KernelRows>;
  /** `columns` are those that the model takes; none for all, although a frame often holds the target too. */
  answer(
    model: string,
    frame: string,
    start: number,
    count: number,
    method: string,
    columns?: readonly string[]
  ): Promise<KernelAnswer>;
  /** Run code as if it were a cell, without keeping it in the history; what it prints is told as it comes. */
  run(code: string, told?: (text: string) => void): Promise<void>;
  /** The expressions that a word of code stands for: "deploy this model" on a variable. */
  changed(listener: () => void): () => void;
}
