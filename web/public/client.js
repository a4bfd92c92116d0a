// The main calls of Ringback's API, for pages and for programs that have fetch.

/** A request that was refused, or that did not get through. */
export class RingbackError extends Error {
  /**
   * @param {string} message
   * @param {number} status The HTTP status; 0 when there was no answer.
   * @param {object | undefined} problem The problem details, where the answer had some.
   */
  constructor(message, status, problem) {
    super(message);
    this.name = "RingbackError";
    this.status = status;
    this.problem = problem;
  }
}

const conversationsPath = "/analytics/elevenlabs/conversations";

/** The address of the next page in a Link header; undefined when this is the last one. */
export function nextPage(header) {
  for (const part of (header ?? "").split(",")) {
    const match = /^\s*<([^>]*)>\s*;(.*)$/.exec(part);
    if (match && /(^|;)\s*rel\s*=\s*"?next"?\s*(;|$)/i.test(match[2])) return match[1];
  }
  return undefined;
}

/** A client of one server. */
export class RingbackClient {
  #fetch;
  #token;

  /**
   * @param {{baseURL?: string, token?: string, fetch?: typeof fetch}} [options] Without a base the
   *   server that the page came from; without a token the session's cookie signs in.
   */
  constructor(options = {}) {
    this.baseURL = (options.baseURL ?? "").replace(/\/+$/, "");
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((...all) => globalThis.fetch(...all));
  }

  // Conversations

  getElevenLabsAnalytics(options) {
    return this.#read("/analytics/elevenlabs", {}, options);
  }

  listElevenLabsConversations({ limit = 50, ...options } = {}) {
    return this.#read(conversationsPath, { limit }, options);
  }

  /** All conversations, page by page. */
  async *allElevenLabsConversations({ limit = 200, ...options } = {}) {
    let address = this.#address(conversationsPath, { limit });
    while (address !== undefined) {
      const response = await this.#send("GET", address, undefined, options);
      yield* await this.#parsed(response);
      const next = nextPage(response.headers.get("link"));
      address = next === undefined ? undefined : this.#absolute(next);
    }
  }

  getElevenLabsConversation(id, options) {
    return this.#read(`${conversationsPath}/${encodeURIComponent(id)}`, {}, options);
  }

  getElevenLabsMessages(id, options) {
    return this.#read(`${conversationsPath}/${encodeURIComponent(id)}/messages`, {}, options);
  }

  /** Records a conversation that the page has itself, or brings its record up to date. */
  trackElevenLabsConversation(conversation, options) {
    return this.#change("POST", conversationsPath, conversation, options);
  }

  updateElevenLabsConversation(id, changes, options) {
    return this.#change("PUT", `${conversationsPath}/${encodeURIComponent(id)}`, changes, options);
  }

  // Calls and campaigns

  listCalls(query = {}, options) { return this.#read("/api/v1/calls", query, options); }

  getCall(id, options) {
    return this.#read(`/api/v1/calls/${encodeURIComponent(id)}`, {}, options);
  }

  assignCall(id, assignment, options) {
    return this.#change(
      "POST", `/api/v1/calls/${encodeURIComponent(id)}/assignment`, assignment, options,
    );
  }

  undo(change, options) {
    return this.#change(
      "POST", `/api/v1/changes/${encodeURIComponent(change)}/undo`, undefined, options,
    );
  }

  listCampaigns(query = {}, options) { return this.#read("/api/v1/campaigns", query, options); }

  getCampaignCallMetrics(id, options) {
    return this.#read(`/api/v1/campaigns/${encodeURIComponent(id)}/call-metrics`, {}, options);
  }

  getMetrics(query = {}, options) { return this.#read("/api/v1/metrics", query, options); }

  /** Tells that a page was seen which a campaign's code leads to; true when the browser took it. */
  trackPageView(token) {
    const body = JSON.stringify({ token });
    try {
      if (navigator.sendBeacon?.(this.#address("/beacon"), body)) return true;
    } catch {
      // Where there are no beacons there is fetch.
    }
    this.#fetch(this.#address("/beacon"), {
      method: "POST", body, headers: { "content-type": "text/plain;charset=UTF-8" },
      mode: "no-cors", credentials: "omit", keepalive: true,
    }).catch(() => {});
    return false;
  }

  /**
   * Calls the listener whenever something changed, until the returned function is called.
   *
   * @param {(event?: MessageEvent) => void} listener
   * @returns {(() => void) | undefined} Undefined where there are no live events: a program, or a
   *   page that signs in with a token, which they cannot carry.
   */
  live(listener) {
    if (this.#token !== undefined || typeof globalThis.EventSource !== "function") return undefined;
    const source = new EventSource(this.#address("/api/v1/live"), { withCredentials: true });
    source.addEventListener("calls", listener);
    return () => source.close();
  }

  // Requests

  #absolute(address) {
    return /^https?:/i.test(address) ? address : this.baseURL + address;
  }

  #address(path, query = {}) {
    const items = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) items.set(name, String(value));
    }
    const text = items.toString();
    return this.baseURL + path + (text === "" ? "" : `?${text}`);
  }

  async #read(path, query, options) {
    return this.#parsed(await this.#send("GET", this.#address(path, query), undefined, options));
  }

  async #change(method, path, body, options) {
    return this.#parsed(await this.#send(method, this.#address(path), body, options));
  }

  async #send(method, address, body, options = {}) {
    // The token goes to our own server alone, wherever a Link header points.
    const origin = globalThis.location?.origin;
    const isOurs = this.baseURL === ""
      ? address.startsWith("/") || (origin !== undefined && address.startsWith(`${origin}/`))
      : address.startsWith(`${this.baseURL}/`);
    if (!isOurs) throw new RingbackError("The next page is on another server.", 0);
    const headers = { accept: "application/json" };
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    let response;
    try {
      response = await this.#fetch(address, {
        method, headers, signal: options.signal,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: this.#token === undefined ? "include" : "omit",
      });
    } catch (error) {
      if (error?.name === "AbortError") throw error;
      throw new RingbackError("The server cannot be reached.", 0);
    }
    if (response.ok) return response;
    let problem;
    try {
      problem = await response.json();
    } catch {
      // An answer of something in between; its status says enough.
    }
    throw new RingbackError(
      problem?.detail ?? problem?.title ?? `The server answers ${response.status}.`,
      response.status, problem,
    );
  }

  async #parsed(response) {
    if (response.status === 204) return undefined;
    try {
      return await response.json();
    } catch {
      throw new RingbackError("The server's answer is no JSON.", response.status);
    }
  }
}

const standard = new RingbackClient();

/** Records a conversation with the server that the page came from. */
export function trackElevenLabsConversation(conversation, options) {
  return standard.trackElevenLabsConversation(conversation, options);
}

/** Tells the server that the page came from that a page was seen. */
export function trackPageView(token) {
  return standard.trackPageView(token);
}

export default standard;
