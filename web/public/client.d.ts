/** A conversation as the dashboard's front ends read it. */
export interface Conversation {
  conversation_id: string;
  agent_id: string;
  user_id?: string;
  /** RFC 3339; without a zone it is UTC. */
  start_time: string;
  end_time?: string;
  duration_seconds?: number;
  messages_count: number;
  status: "active" | "completed" | "abandoned";
  metadata?: Record<string, unknown>;
}

export interface ConversationChanges {
  end_time?: string;
  duration_seconds?: number;
  messages_count?: number;
  status?: Conversation["status"];
  metadata?: Record<string, unknown>;
}

export interface Message {
  role: "user" | "assistant";
  content: string;
  timestamp: string;
}

export interface Analytics {
  total_conversations: number;
  total_duration_minutes: number;
  /** Seconds. */
  average_conversation_duration: number;
  conversations_by_status: Record<string, number>;
  conversations_by_date: { date: string; count: number }[];
  top_agents: { agent_id: string; conversation_count: number }[];
  user_satisfaction: { average_rating: number; total_ratings: number } | null;
}

export interface CampaignCallMetrics {
  total_calls: number;
  successful_calls: number;
  failed_calls: number;
  unknown_calls: number;
  conversions: number;
  conversion_rate: number;
  calls_today: number;
  calls_this_week: number;
  calls_this_month: number;
  average_call_duration: number;
  calls_by_day: { date: string; count: number; conversions: number }[];
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Assignment {
  /** Null says that the call came from no campaign. */
  campaign: number | null;
  scope: "call" | "caller" | "future";
  note?: string;
  expected?: unknown;
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface RequestOptions {
  signal?: AbortSignal;
}

export interface ClientOptions {
  /** The server, such as `https://ringback.example.com`; without it the page's own. */
  baseURL?: string;
  /** A bearer token; without it the session's cookie signs in. Never put one into a public page. */
  token?: string;
  fetch?: typeof fetch;
}

export declare class RingbackError extends Error {
  constructor(message: string, status: number, problem?: object);
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The problem details (RFC 9457), where the answer had some. */
  readonly problem: Record<string, unknown> | undefined;
}

export declare class RingbackClient {
  constructor(options?: ClientOptions);
  readonly baseURL: string;
  getElevenLabsAnalytics(options?: RequestOptions): Promise<Analytics>;
  listElevenLabsConversations(
    options?: RequestOptions & { limit?: number },
  ): Promise<Conversation[]>;
  allElevenLabsConversations(
    options?: RequestOptions & { limit?: number },
  ): AsyncGenerator<Conversation, void, undefined>;
  getElevenLabsConversation(id: string, options?: RequestOptions): Promise<Conversation>;
  getElevenLabsMessages(id: string, options?: RequestOptions): Promise<Message[]>;
  trackElevenLabsConversation(
    conversation: Conversation, options?: RequestOptions,
  ): Promise<unknown>;
  updateElevenLabsConversation(
    id: string, changes: ConversationChanges, options?: RequestOptions,
  ): Promise<unknown>;
  listCalls(query?: Query, options?: RequestOptions): Promise<Page<Record<string, unknown>>>;
  getCall(id: number | string, options?: RequestOptions): Promise<Record<string, unknown>>;
  assignCall(
    id: number | string, assignment: Assignment, options?: RequestOptions,
  ): Promise<{ undo: string } & Record<string, unknown>>;
  undo(change: string, options?: RequestOptions): Promise<unknown>;
  listCampaigns(query?: Query, options?: RequestOptions): Promise<Page<Record<string, unknown>>>;
  getCampaignCallMetrics(
    id: number | string, options?: RequestOptions,
  ): Promise<CampaignCallMetrics>;
  getMetrics(query?: Query, options?: RequestOptions): Promise<Record<string, unknown>>;
  trackPageView(token: string): boolean;
  live(listener: (event?: MessageEvent) => void): (() => void) | undefined;
}

/** The address of the next page in a Link header. */
export declare function nextPage(header: string | null | undefined): string | undefined;

export declare function trackElevenLabsConversation(
  conversation: Conversation, options?: RequestOptions,
): Promise<unknown>;

export declare function trackPageView(token: string): boolean;

declare const standard: RingbackClient;
export default standard;
