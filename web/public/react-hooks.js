// Hooks and a component, made from the React that the page passes in:
//
//   import { createRingbackHooks } from "/react-hooks.js";
//   const { ElevenLabsConvAI, useElevenLabsAnalytics } = createRingbackHooks(React);

import standard from "./client.js";
import { labelsOf, reportCalls } from "./call-report.js";

/** Answers that are kept at a time; the oldest that nobody shows goes first. */
const entriesMax = 200;

/** One answer of the server, shared by all components that show it. */
class Entry {
  listeners = new Set();
  snapshot = { data: undefined, error: undefined, loading: true };
  loadedAt = -Infinity;
  request;

  constructor(load, now) {
    this.load = load;
    this.now = now;
  }

  #show(change) {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of [...this.listeners]) listener();
  }

  /** Asks the server; those who ask meanwhile wait for the same answer. */
  refresh() {
    if (this.request !== undefined) return this.request;
    if (!this.snapshot.loading) this.#show({ loading: true });
    this.request = this.load().then(
      (data) => {
        this.request = undefined;
        this.loadedAt = this.now();
        this.#show({ data, error: undefined, loading: false });
      },
      (error) => {
        // What was there before stays, beside the error.
        this.request = undefined;
        this.#show({ error, loading: false });
      },
    );
    return this.request;
  }
}

/** The answers of one client, and the live events that make them old. */
class Cache {
  entries = new Map();
  shown = 0;
  stopLive;
  timer;

  constructor(client, options) {
    this.client = client;
    this.freshMilliseconds = options.freshMilliseconds ?? 5000;
    this.pollMilliseconds = options.pollMilliseconds ?? 15000;
    this.isLive = options.live ?? true;
    this.now = options.now ?? (() => Date.now());
  }

  entry(key, load) {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = new Entry(load, this.now);
      this.entries.set(key, entry);
      for (const [old, other] of this.entries) {
        if (this.entries.size <= entriesMax) break;
        if (other !== entry && other.listeners.size === 0) this.entries.delete(old);
      }
    }
    return entry;
  }

  subscribe(entry, listener) {
    entry.listeners.add(listener);
    this.shown += 1;
    if (this.shown === 1) this.#start();
    if (this.now() - entry.loadedAt >= this.freshMilliseconds) entry.refresh();
    return () => {
      if (!entry.listeners.delete(listener)) return;
      this.shown -= 1;
      if (this.shown === 0) this.#stop();
    };
  }

  #refreshShown = () => {
    for (const entry of this.entries.values()) {
      if (entry.listeners.size > 0) entry.refresh();
      else entry.loadedAt = -Infinity;
    }
  };

  #start() {
    if (!this.isLive) return;
    this.stopLive = this.client.live?.(this.#refreshShown);
    if (this.stopLive === undefined) {
      this.timer = setInterval(this.#refreshShown, this.pollMilliseconds);
    }
  }

  #stop() {
    this.stopLive?.();
    this.stopLive = undefined;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/**
 * Makes the hooks and the component.
 *
 * @param {object} React The page's own React, 18 or later.
 * @param {{client?: object, live?: boolean, freshMilliseconds?: number,
 *   pollMilliseconds?: number, server?: string}} [options]
 */
export function createRingbackHooks(React, options = {}) {
  const client = options.client ?? standard;
  const cache = new Cache(client, options);
  const nothing = Object.freeze({ data: undefined, error: undefined, loading: false });

  /** The answer under a key; a null key asks for nothing. */
  function useAnswer(key, load) {
    const entry = key === null ? null : cache.entry(key, load);
    const subscribe = React.useCallback(
      (listener) => (entry === null ? () => {} : cache.subscribe(entry, listener)), [entry],
    );
    const snapshotOf = React.useCallback(
      () => (entry === null ? nothing : entry.snapshot), [entry],
    );
    const snapshot = React.useSyncExternalStore(subscribe, snapshotOf, snapshotOf);
    const refresh = React.useCallback(
      () => (entry === null ? Promise.resolve() : entry.refresh()), [entry],
    );
    return React.useMemo(() => ({ ...snapshot, refresh }), [snapshot, refresh]);
  }

  function useElevenLabsAnalytics() {
    return useAnswer("analytics", () => client.getElevenLabsAnalytics());
  }

  function useElevenLabsConversations(limit = 50) {
    return useAnswer(
      `conversations ${limit}`, () => client.listElevenLabsConversations({ limit }),
    );
  }

  function useElevenLabsConversation(id) {
    return useAnswer(
      id ? `conversation ${id}` : null, () => client.getElevenLabsConversation(id),
    );
  }

  function useElevenLabsMessages(conversationId) {
    return useAnswer(
      conversationId ? `messages ${conversationId}` : null,
      () => client.getElevenLabsMessages(conversationId),
    );
  }

  /**
   * The official element, whose calls are reported; the page loads the official script.
   *
   * `agentId`, `campaign`, `recipient`, `token` and `server` are ours; every other property becomes an
   * attribute of the element.
   */
  function ElevenLabsConvAI(properties) {
    const { agentId, campaign, recipient, token, server, ...attributes } = properties;
    const element = React.useRef(null);
    React.useEffect(() => {
      if (element.current === null) return undefined;
      const labels = labelsOf(globalThis.location?.search ?? "");
      return reportCalls(element.current, {
        server: server ?? options.server ?? client.baseURL ?? "",
        agentID: agentId,
        campaign: campaign ?? labels.campaign,
        recipient: recipient ?? labels.recipient,
        token: token ?? labels.token,
      });
    }, [agentId, campaign, recipient, token, server]);
    return React.createElement("elevenlabs-convai", {
      ...attributes, "agent-id": agentId, ref: element,
    });
  }

  return {
    ElevenLabsConvAI,
    useElevenLabsAnalytics,
    useElevenLabsConversations,
    useElevenLabsConversation,
    useElevenLabsMessages,
  };
}
