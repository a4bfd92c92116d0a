import Ambient
package import JobQueue
import Logging
import NIOPosix
package import RedisClient
package import Settings

/// The way to the Redis that the settings name, and the clients that were opened on it.
package struct RedisAccess: Sendable {
    /// How long a program that starts waits for Redis: it may be starting, too, or loading.
    package static let startPatience = Duration.seconds(30)

    /// How long a command of an operator waits.
    package static let commandPatience = Duration.seconds(2)

    /// The address without a password.
    package let address: String
    package let configuration: RedisConfiguration

    /// The way to Redis by the settings.
    ///
    /// - Throws: `StartFailure` when the address is malformed, or when the private Redis of
    ///   `ringback up` is meant and there is none.
    package init(_ settings: Settings) throws(StartFailure) {
        let url = try Self.url(settings)
        do {
            configuration = try RedisConfiguration(url: url)
        } catch {
            throw StartFailure(
                .wrongUse,
                "REDIS_URL: \(error); for example REDIS_URL=\(SettingName.redisURL.facts.example)"
            )
        }
        address = configuration.description
    }

    /// The way to Redis, once the private Redis of `ringback up` has begun to exist.
    static func awaited(
        for host: Host,
        patience: Duration
    ) async throws(StartFailure) -> RedisAccess {
        let deadline = host.ambient.elapsed() + patience
        while true {
            do throws(StartFailure) {
                return try RedisAccess(host.settings)
            } catch {
                let mayPass = error.code == .unreachable && !host.shutdown.isRequested
                guard mayPass, host.ambient.elapsed() < deadline else { throw error }
            }
            do {
                try await host.ambient.sleep(for: .milliseconds(200))
            } catch {
                throw StartFailure(.failed, "ended while waiting for Redis")
            }
        }
    }

    private static func url(_ settings: Settings) throws(StartFailure) -> String {
        switch settings.redis {
        case .url(let url):
            return url.reveal()
        case .privateSocket(let redis):
            do {
                if let url = try redis.url() { return url }
            } catch {
                throw StartFailure(.unreachable, error.description)
            }
            throw StartFailure(
                .unreachable,
                "no Redis: REDIS_URL is not set and no private Redis runs on \(redis.folder); "
                    + "start `ringback up`, or set REDIS_URL, for example "
                    + SettingName.redisURL.facts.example
            )
        }
    }

    /// A client of its own connection; whoever opens it closes it.
    ///
    /// - Parameters:
    ///   - purpose: What it is for, as `CLIENT LIST` shows it.
    ///   - host: The process.
    ///   - adjust: Changes the limits, as a client of commands that block needs.
    /// - Returns: The client, not connected yet.
    /// - Throws: `StartFailure` when the file of the authorities cannot be used.
    package func client(
        _ purpose: String,
        for host: Host,
        adjust: (inout RedisLimits) -> Void = { _ in }
    ) throws(StartFailure) -> RedisClient {
        var configuration = configuration
        configuration.clientName = "\(host.program)/\(purpose)"
        adjust(&configuration.limits)
        do {
            return try RedisClient(
                configuration,
                on: MultiThreadedEventLoopGroup.singleton.next(),
                ambient: host.ambient,
                logger: host.logger
            )
        } catch {
            throw StartFailure(
                .wrongUse,
                "REDIS_URL: the authorities' file of \(address) cannot be used (\(error))"
            )
        }
    }

    /// Waits until Redis takes commands.
    ///
    /// - Parameters:
    ///   - client: Asked again and again.
    ///   - host: The process; told once that it waits, and ended with its shutdown.
    ///   - patience: The longest wait.
    /// - Throws: `StartFailure` with one line, at once when waiting is no use.
    package func wait(
        for client: RedisClient,
        host: Host,
        patience: Duration = startPatience
    ) async throws(StartFailure) {
        let deadline = host.ambient.elapsed() + patience
        var hasSaid = false
        while true {
            let failure: RedisError
            do {
                _ = try await client.send(RedisCommand("PING"))
                return
            } catch {
                failure = error
            }
            if host.shutdown.isRequested { throw StartFailure(.done, "ended while waiting") }
            guard Self.mayPass(failure), host.ambient.elapsed() < deadline else {
                throw Self.failure(failure, address: address)
            }
            if !hasSaid {
                hasSaid = true
                host.logger.notice(
                    "Waiting for Redis",
                    metadata: ["redis": "\(address)", "reason": "\(failure)"]
                )
            }
            do {
                try await host.ambient.sleep(for: .milliseconds(200))
            } catch {
                throw Self.failure(failure, address: address)
            }
        }
    }

    private static func mayPass(_ error: RedisError) -> Bool {
        switch error {
        case .cannotConnect, .timeout, .closed, .server(.loading), .server(.busy),
            .server(.cannotPersist):
            true
        case .server, .protocolError, .cancelled: false
        }
    }

    /// The line and the code for a Redis that does not answer as it should.
    package static func failure(_ error: RedisError, address: String) -> StartFailure {
        switch error {
        case .server(.noAuthentication(let message)), .server(.noPermission(let message)):
            StartFailure(
                .unreachable,
                "Redis at \(address) refuses us (\(message)); put the user and password into "
                    + "REDIS_URL, for example redis://user:password@host:6379/0"
            )
        case .server(.loading):
            StartFailure(
                .unreachable,
                "Redis at \(address) is still loading its data; try again when it is ready"
            )
        case .server(.cannotPersist(let message)):
            StartFailure(
                .unreachable,
                "Redis at \(address) cannot write to its disk (\(message)); make room there, and "
                    + "work goes on by itself"
            )
        case .cannotConnect(let reason):
            StartFailure(
                .unreachable,
                "Redis at \(address) cannot be reached (\(reason)); start it, or set REDIS_URL to "
                    + "the one that runs, or start everything with `ringback up`"
            )
        default:
            StartFailure(
                .unreachable,
                "Redis at \(address) does not answer as it should (\(error)); see its log"
            )
        }
    }

    /// The line and the code for a queue that cannot be used at the start.
    package static func failure(_ error: QueueError, address: String) -> StartFailure {
        switch error {
        case .layoutTooNew(let found, let known):
            StartFailure(
                .failed,
                "the queues at \(address) were written by a newer Ringback (layout \(found), this "
                    + "one knows \(known)); run the newer program"
            )
        case .refused(let reason):
            StartFailure(
                .unreachable,
                "Redis at \(address) refuses us (\(reason)); see the user and password in "
                    + "REDIS_URL and the user's rights"
            )
        case .full:
            StartFailure(
                .unreachable,
                "Redis at \(address) is full; raise its maxmemory, or let the workers empty the "
                    + "queues"
            )
        default:
            StartFailure(
                .unreachable,
                "Redis at \(address) does not answer as it should (\(error)); see its log"
            )
        }
    }
}
