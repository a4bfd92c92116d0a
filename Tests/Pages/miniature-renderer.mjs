// Runs components of the real React without a document: one component, its hooks and its effects.

/** Mounts a component and shows again whatever it returns. */
export class Mounted {
  output;
  renders = 0;
  #React;
  #component;
  #properties;
  #slots = [];
  #isScheduled = false;
  #isMounted = true;

  constructor(React, component, properties = {}) {
    this.#React = React;
    this.#component = component;
    this.#properties = properties;
    this.#render();
  }

  /** Renders with other properties. */
  update(properties) {
    this.#properties = properties;
    this.#render();
  }

  /** Ends all effects; nothing renders after it. */
  unmount() {
    this.#isMounted = false;
    for (const slot of this.#slots) slot.cleanup?.();
  }

  #schedule() {
    if (this.#isScheduled || !this.#isMounted) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#isMounted) this.#render();
    });
  }

  #render() {
    let place = 0;
    const effects = [];
    const slots = this.#slots;
    const next = () => (slots[place] ??= {}, slots[place++]);
    const isSame = (old, dependencies) => old !== undefined && dependencies !== undefined
      && old.length === dependencies.length
      && old.every((value, index) => Object.is(value, dependencies[index]));
    const memo = (make, dependencies) => {
      const slot = next();
      if (!isSame(slot.dependencies, dependencies)) {
        slot.value = make();
        slot.dependencies = dependencies;
      }
      return slot.value;
    };
    const effect = (run, dependencies) => {
      const slot = next();
      if (isSame(slot.dependencies, dependencies)) return;
      slot.dependencies = dependencies;
      effects.push(() => {
        slot.cleanup?.();
        slot.cleanup = run();
      });
    };
    const dispatcher = {
      useMemo: memo,
      useCallback: (callback, dependencies) => memo(() => callback, dependencies),
      useRef: (value) => memo(() => ({ current: value }), []),
      useEffect: effect,
      useSyncExternalStore: (subscribe, snapshotOf) => {
        const value = snapshotOf();
        effect(() => subscribe(() => this.#schedule()), [subscribe]);
        return value;
      },
    };
    const internals =
      this.#React.__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED.ReactCurrentDispatcher;
    const before = internals.current;
    internals.current = dispatcher;
    try {
      this.output = this.#component(this.#properties);
    } finally {
      internals.current = before;
    }
    this.renders += 1;
    // As a renderer does it: what the element is rendered to is there when effects run.
    if (this.output?.ref && this.output.ref.current === null) {
      this.output.ref.current = new EventTarget();
    }
    for (const run of effects) run();
  }
}
