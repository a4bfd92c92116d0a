import type {
  Analytics, Conversation, Message, RingbackClient, RingbackError,
} from "./client.js";

/** What a hook shows: the last answer, beside what is under way or went wrong since. */
export interface Answer<Data> {
  readonly data: Data | undefined;
  readonly error: RingbackError | Error | undefined;
  readonly loading: boolean;
  /** Asks again; resolves when the answer, or its error, is shown. */
  refresh(): Promise<void>;
}

export interface HookOptions {
  /** Without it one for the server that the page came from. */
  client?: RingbackClient;
  /** Whether answers follow live events, or a timer where there are none; true without it. */
  live?: boolean;
  /** How long an answer is shown again without asking; 5000. */
  freshMilliseconds?: number;
  /** Time between two looks where there are no live events; 15000. */
  pollMilliseconds?: number;
  /** The time in milliseconds; `Date.now` without it. */
  now?: () => number;
  /** Where the component reports calls to; without it the client's server. */
  server?: string;
}

export interface ElevenLabsConvAIProperties {
  agentId: string;
  campaign?: string | number;
  recipient?: string | number;
  token?: string;
  server?: string;
  /** Any other attribute of the official element. */
  [attribute: string]: unknown;
}

/** What is used of the page's React, 18 or later. */
export interface ReactLike {
  createElement(...all: any[]): any;
  useCallback(...all: any[]): any;
  useEffect(...all: any[]): any;
  useMemo(...all: any[]): any;
  useRef(...all: any[]): any;
  useSyncExternalStore(...all: any[]): any;
}

export interface RingbackHooks {
  ElevenLabsConvAI(properties: ElevenLabsConvAIProperties): any;
  useElevenLabsAnalytics(): Answer<Analytics>;
  useElevenLabsConversations(limit?: number): Answer<Conversation[]>;
  useElevenLabsConversation(id: string | null | undefined): Answer<Conversation>;
  useElevenLabsMessages(conversationId: string | null | undefined): Answer<Message[]>;
}

export declare function createRingbackHooks(
  React: ReactLike, options?: HookOptions,
): RingbackHooks;
