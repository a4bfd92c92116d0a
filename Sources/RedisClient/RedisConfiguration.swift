/// Where a Redis server is and how to talk to it.
package struct RedisConfiguration: Sendable, Equatable {
    /// The way to the server.
    package enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    /// How the connection is encrypted; the server's certificate is always verified.
    package struct TLS: Sendable, Equatable {
        /// PEM file of the authorities to trust instead of the system's; nil for the system's.
        package var authorityFile: String?

        /// The name the certificate must have; nil for the host of the address.
        package var serverName: String?

        package init(authorityFile: String? = nil, serverName: String? = nil) {
            self.authorityFile = authorityFile
            self.serverName = serverName
        }
    }

    package var address: Address

    /// User of the ACL; nil for the default user.
    package var user: String?
    package var password: String?

    /// Number of the database, selected on every connection.
    package var database: Int

    /// Encryption; nil for none.
    package var tls: TLS?

    /// What `CLIENT LIST` shows; only printable ASCII without spaces.
    package var clientName = "ringback"

    package var limits = RedisLimits()

    package init(
        address: Address,
        user: String? = nil,
        password: String? = nil,
        database: Int = 0,
        tls: TLS? = nil
    ) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
        self.tls = tls
    }
}

/// The limits of one connection, each with its reason.
package struct RedisLimits: Sendable, Equatable {
    /// One attempt to connect, from the first packet to the end of the greeting.
    package var connectTimeout = Duration.seconds(3)

    /// How long a command waits for a connection while attempts fail.
    ///
    /// A restart of Redis passes within it unseen. Zero fails with the first attempt.
    package var connectPatience = Duration.seconds(5)

    /// From sending to the last byte of the reply.
    ///
    /// Well under the queue's lease of 30 s, so that a beat can be sent again in time. A command
    /// without an answer for this long ends the connection.
    package var commandTimeout = Duration.seconds(5)

    /// The wait after the first failed attempt; it doubles with each further one and is jittered.
    package var backoffBase = Duration.milliseconds(50)

    /// The longest wait between attempts: short, because all workers wait for the same server.
    package var backoffCap = Duration.seconds(2)

    /// Commands that wait or are in flight at once; more are refused.
    package var commandsMax = 20_000

    /// Bytes of one reply: larger than any batch of the queue, and a bound for a wild server.
    package var replyBytesMax = 128 * 1024 * 1024

    package init() {}
}

extension RedisConfiguration: CustomStringConvertible {
    /// The address as a URL without user and password, fit for logs.
    package var description: String {
        switch address {
        case .unix(let path):
            return database == 0 ? "unix://\(path)" : "unix://\(path)?db=\(database)"
        case .tcp(let host, let port):
            let name = host.contains(":") ? "[\(host)]" : host
            let scheme = tls == nil ? "redis" : "rediss"
            return "\(scheme)://\(name):\(port)/\(database)"
        }
    }
}
