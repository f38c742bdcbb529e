/** Values that tell who reads them: the smallest reactive core the panel needs. */

type Run = () => void;

let reading: Set<Set<Run>> | undefined;
let runner: Run | undefined;

export interface Signal<T> {
  get(): T;
  set(value: T): void;
}

/** A value; whoever reads it inside `effect` runs again when it changes. */
export function signal<T>(value: T): Signal<T> {
  const readers = new Set<Run>();
  return {
    get() {
      if (runner) {
        readers.add(runner);
        reading?.add(readers);
      }
      return value;
    },
    set(next) {
      if (next !== value) {
        value = next;
        for (const run of [...readers]) run();
      }
    },
  };
}

/** Run `work` now and after every change of a signal it read; the answer stops it. */
export function effect(work: Run): Run {
  let mine = new Set<Set<Run>>();
  let stopped = false;
  const forget = () => {
    for (const readers of mine) readers.delete(run);
  };
  const run: Run = () => {
    if (stopped) return;
    forget();
    const before = [runner, reading] as const;
    runner = run;
    reading = mine = new Set();
    try {
      work();
    } finally {
      [runner, reading] = before;
    }
  };
  run();
  return () => {
    stopped = true;
    forget();
  };
}

/** Do `work` without the effect around it reading what `work` reads. */
export function apart<T>(work: () => T): T {
  const before = [runner, reading] as const;
  runner = reading = undefined;
  try {
    return work();
  } finally {
    [runner, reading] = before;
  }
}
