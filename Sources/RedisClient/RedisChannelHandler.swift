import NIOCore

/// One connection on its event loop: greets the server, then passes replies to the client.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: RedisClient
    private let generation: Int
    private let replyBytesMax: Int
    private let reader = RedisReplyReader()

    /// Answers of the greeting that are still due; nil when it is over.
    private var greeting: ArraySlice<RedisGreeting.Step>?
    private let greetingBytes: ByteBuffer
    private let greetingDeadline: NIODeadline
    private var greetingTimer: Scheduled<Void>?

    /// Bytes since the last whole reply.
    private var pendingBytes = 0
    private var replies: [RedisValue] = []

    init(client: RedisClient, generation: Int, deadline: NIODeadline) {
        self.client = client
        self.generation = generation
        replyBytesMax = client.configuration.limits.replyBytesMax
        let greeting = RedisGreeting(client.configuration)
        self.greeting = greeting.steps[...]
        greetingBytes = greeting.bytes
        greetingDeadline = deadline
    }

    func channelActive(context: ChannelHandlerContext) {
        let client = client
        let generation = generation
        let channel = context.channel
        greetingTimer = context.eventLoop.scheduleTask(deadline: greetingDeadline) {
            client.attemptFailed(generation, .cannotConnect(reason: "no answer to the greeting"))
            channel.close(promise: nil)
        }
        context.writeAndFlush(NIOAny(greetingBytes), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        pendingBytes += buffer.readableBytes
        do {
            try reader.read(buffer, into: &replies)
        } catch {
            return fail(context, .protocolError(reason: error.reason))
        }
        if !replies.isEmpty {
            pendingBytes = 0
            if greeting != nil { greeted(context) }
            if !replies.isEmpty, greeting == nil { client.received(replies, generation) }
            replies.removeAll(keepingCapacity: true)
        }
        if pendingBytes > replyBytesMax {
            fail(context, .protocolError(reason: "a reply is larger than the limit"))
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { client.tick() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        greetingTimer?.cancel()
        if greeting != nil {
            client.attemptFailed(generation, .cannotConnect(reason: "the server hung up"))
        } else {
            client.disconnected(generation, .closed)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if greeting != nil {
            fail(context, .cannotConnect(reason: RedisClient.reason(error)))
        } else {
            fail(context, .closed)
        }
    }

    /// Works through the answers of the greeting at the front of `replies`.
    private func greeted(_ context: ChannelHandlerContext) {
        var count = 0
        while count < replies.count, let step = greeting?.popFirst() {
            if case .error(let error) = replies[count], let failure = step.failure(error) {
                return fail(context, failure)
            }
            count += 1
        }
        replies.removeFirst(count)
        guard greeting?.isEmpty == true else { return }
        greeting = nil
        greetingTimer?.cancel()
        client.connected(context.channel, generation)
    }

    private func fail(_ context: ChannelHandlerContext, _ error: RedisError) {
        replies.removeAll()
        if greeting != nil {
            greeting = nil
            client.attemptFailed(generation, error)
        } else {
            client.disconnected(generation, error)
        }
        context.close(promise: nil)
    }
}

/// What is said to the server before the first command.
struct RedisGreeting {
    enum Step {
        case authenticate
        case select
        case name

        /// What an error reply to this step means for the connection; nil when it does not matter.
        func failure(_ error: RedisServerError) -> RedisError? {
            switch (self, error) {
            case (_, .noAuthentication), (.authenticate, .noPermission), (.select, .noPermission):
                return .server(error)
            case (.select, .other(let message)) where message.contains("DB index"):
                return .server(error)
            case (.name, .noPermission), (.name, .busy), (.name, .loading):
                // The server is there; without the right to `CLIENT SETNAME`, or while it is
                // busy, the connection goes without a name.
                return nil
            case (_, .other(let message)):
                return .cannotConnect(reason: message)
            default:
                return .cannotConnect(reason: "\(error)")
            }
        }
    }

    /// The steps, in the order of their answers.
    private(set) var steps: [Step] = []
    private(set) var bytes = ByteBuffer()

    init(_ configuration: RedisConfiguration) {
        if let password = configuration.password {
            if let user = configuration.user {
                add(.authenticate, RedisCommand("AUTH", user, password))
            } else {
                add(.authenticate, RedisCommand("AUTH", password))
            }
        }
        if configuration.database != 0 {
            add(.select, RedisCommand("SELECT", String(configuration.database)))
        }
        // Always sent, so that there is an answer: one that is only accepted by the kernel, while
        // the server is stopped, is no connection.
        add(.name, RedisCommand("CLIENT", "SETNAME", configuration.clientName))
    }

    private mutating func add(_ step: Step, _ command: RedisCommand) {
        steps.append(step)
        bytes.writeImmutableBuffer(RedisFormatter.formatted(command))
    }
}
