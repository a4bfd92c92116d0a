import NIOCore
import NIOPosix
import NIOSSL

/// Makes one connection for a client.
struct RedisBootstrap {
    let client: RedisClient
    let tlsContext: NIOSSLContext?
    let generation: Int

    func connect(deadline: NIODeadline) -> EventLoopFuture<any Channel> {
        let serverName = serverName
        let bootstrap = ClientBootstrap(group: client.eventLoop)
            .connectTimeout(deadline - .now())
            .channelInitializer { [client, tlsContext, generation] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tlsContext {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tlsContext, serverHostname: serverName)
                        )
                    }
                    try pipeline.addHandler(
                        RedisChannelHandler(
                            client: client,
                            generation: generation,
                            deadline: deadline
                        )
                    )
                }
            }
        switch client.configuration.address {
        case .unix(let path):
            return bootstrap.connect(unixDomainSocketPath: path)
        case .tcp(let host, let port):
            return
                bootstrap
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port)
        }
    }

    /// The name that the certificate must have; nil for a number, which is compared as one.
    private var serverName: String? {
        if let name = client.configuration.tls?.serverName { return name }
        guard case .tcp(let host, _) = client.configuration.address else { return nil }
        do {
            _ = try SocketAddress(ipAddress: host, port: 0)
            return nil
        } catch {
            return host
        }
    }
}

/// Why a client cannot be set up for TLS.
package enum RedisTLSError: Error, Sendable, Equatable {
    /// The file of the authorities is missing or is no PEM.
    case unusableAuthorities(file: String, reason: String)

    /// The TLS library refuses the settings.
    case unusable(reason: String)

    static func context(
        _ tls: RedisConfiguration.TLS
    ) throws(RedisTLSError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = tls.authorityFile {
            do {
                configuration.trustRoots = .certificates(
                    try NIOSSLCertificate.fromPEMFile(file)
                )
            } catch {
                throw .unusableAuthorities(file: file, reason: RedisClient.reason(error))
            }
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .unusable(reason: RedisClient.reason(error))
        }
    }
}
