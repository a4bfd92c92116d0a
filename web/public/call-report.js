// Follows one official <elevenlabs-convai> element and reports when its calls begin and end.
//
// The element fires one event, `elevenlabs-convai:call`, once for each call and before it connects;
// it has none for the end. So the start is reported when the upstream has given the call its id,
// and the end when the page goes away. Nothing here throws into the page, touches its storage, or
// sends anything before a call begins.

/** The dynamic variables that Ringback reads. */
export const variableNames = Object.freeze({
  campaign: "ringback_campaign",
  recipient: "ringback_recipient",
  token: "ringback_token",
  client: "ringback_conversation",
});

/** How long a call may take to get its id before it is reported under our own. */
const connectMilliseconds = 8000;

/** Characters of a value that is passed on; longer ones are nobody's. */
const valueCharactersMax = 200;

function uuid() {
  const source = globalThis.crypto;
  // Only pages on https have randomUUID.
  if (typeof source?.randomUUID === "function") return source.randomUUID();
  const bytes = new Uint8Array(16);
  if (typeof source?.getRandomValues === "function") source.getRandomValues(bytes);
  else for (let index = 0; index < 16; index += 1) bytes[index] = Math.random() * 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function usable(value) {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" && text.length <= valueCharactersMax
    ? text : undefined;
}

/**
 * What a page's own address says of where its visitor came from.
 *
 * @param {string} search The query, such as `location.search`.
 */
export function labelsOf(search) {
  try {
    const query = new URLSearchParams(search);
    return {
      campaign: usable(query.get(variableNames.campaign) ?? undefined),
      recipient: usable(query.get(variableNames.recipient) ?? undefined),
      token: usable(query.get(variableNames.token) ?? undefined),
    };
  } catch {
    return {};
  }
}

/** Sends one record; says nothing when that fails. */
function send(url, record, isLast) {
  try {
    const body = JSON.stringify(record);
    // text/plain needs no preflight, which a page that goes away cannot wait for.
    if (isLast && globalThis.navigator?.sendBeacon?.(url, body)) {
      return;
    }
    fetch(url, {
      method: "POST", body, headers: { "content-type": "text/plain;charset=UTF-8" },
      mode: "no-cors", credentials: "omit", keepalive: true,
    }).catch(() => {});
  } catch {
    // A page must not notice that its calls cannot be counted.
  }
}

/**
 * Reports the calls of an element until the returned function is called.
 *
 * @param {EventTarget} target The element, or the document for all of its elements.
 * @param {{server: string, agentID?: string, campaign?: string, recipient?: string,
 *   token?: string}} options
 * @returns {() => void} Ends the reporting; a call that is under way is reported as ended.
 */
export function reportCalls(target, options) {
  const url = `${String(options.server).replace(/\/+$/, "")}/analytics/elevenlabs/conversations`;
  const labels = {};
  for (const name of ["campaign", "recipient", "token"]) {
    const value = usable(options[name]);
    if (value !== undefined) labels[variableNames[name]] = value;
  }
  let current;

  function record(call) {
    return {
      conversation_id: call.reportedID ?? call.upstreamID ?? call.clientID,
      agent_id: call.agentID,
      start_time: call.start,
      status: "active",
      messages_count: 0,
      metadata: { ...labels, [variableNames.client]: call.clientID },
    };
  }

  function report(call) {
    clearTimeout(call.timer);
    if (call.reportedID !== undefined) return;
    call.reportedID = call.upstreamID ?? call.clientID;
    send(url, record(call), false);
  }

  function end(call) {
    if (call === undefined || call.isEnded) return;
    call.isEnded = true;
    clearTimeout(call.timer);
    const now = Date.now();
    send(url, {
      ...record(call),
      status: "completed",
      end_time: new Date(now).toISOString(),
      duration_seconds: Math.max(0, Math.round((now - call.startMilliseconds) / 1000)),
    }, true);
  }

  function begin(event) {
    end(current);
    const now = Date.now();
    const call = {
      clientID: `client_${uuid()}`,
      agentID: options.agentID ?? event.target?.getAttribute?.("agent-id") ?? "unknown",
      start: new Date(now).toISOString(),
      startMilliseconds: now,
    };
    current = call;
    call.timer = setTimeout(() => report(call), connectMilliseconds);
    const config = event.detail?.config;
    if (config === null || typeof config !== "object") return;
    config.dynamicVariables = {
      ...config.dynamicVariables, ...labels, [variableNames.client]: call.clientID,
    };
    const before = config.onConnect;
    config.onConnect = function onConnect(connection, ...more) {
      try {
        const id = usable(connection?.conversationId);
        if (id !== undefined) call.upstreamID = id;
        if (!call.isEnded) report(call);
      } catch {
        // The page's own listener comes next all the same.
      }
      return typeof before === "function"
        ? before.call(this, connection, ...more) : undefined;
    };
  }

  function onCall(event) {
    try {
      begin(event);
    } catch {
      // The call goes on; it is counted when the upstream delivers it.
    }
  }

  function onLeave() {
    try {
      end(current);
    } catch {
      // The page is going away.
    }
  }

  target.addEventListener("elevenlabs-convai:call", onCall);
  globalThis.addEventListener?.("pagehide", onLeave);
  return () => {
    target.removeEventListener("elevenlabs-convai:call", onCall);
    globalThis.removeEventListener?.("pagehide", onLeave);
    onLeave();
  };
}
