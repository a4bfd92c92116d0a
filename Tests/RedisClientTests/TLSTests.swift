import Foundation
import RedisClient
import TestSupport
import Testing

/// Certificates made with the `openssl` command in a folder of their own.
struct TestCertificates {
    private let scratch: ScratchFolder

    var folder: String { scratch.path }
    var authority: String { folder + "/ca.pem" }
    var stranger: String { folder + "/stranger.pem" }
    var certificate: String { folder + "/server.pem" }
    var key: String { folder + "/server.key" }

    /// Makes an authority, another one that signed nothing, and a certificate for `localhost`.
    init() async throws {
        scratch = try ScratchFolder()
        for name in ["ca", "stranger"] {
            try await openssl(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=Ringback test \(name)",
                "-keyout",
                "\(folder)/\(name).key",
                "-out",
                "\(folder)/\(name).pem"
            )
        }
        try await openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            key,
            "-out",
            "\(folder)/server.csr"
        )
        let extensions = "\(folder)/server.ext"
        try "subjectAltName=DNS:localhost,DNS:redis.example.org\n"
            .write(toFile: extensions, atomically: true, encoding: .utf8)
        try await openssl(
            "x509",
            "-req",
            "-in",
            "\(folder)/server.csr",
            "-CA",
            authority,
            "-CAkey",
            "\(folder)/ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            extensions,
            "-out",
            certificate
        )
    }

    private func openssl(_ arguments: String...) async throws {
        var command = ChildProcess.Command(["openssl"] + arguments)
        command.package = "openssl"
        let process = try await ChildProcess.launch(command)
        let ending = await process.ended()
        try #require(ending == .exited(0), "openssl said: \(process.recentOutput)")
    }
}

@Suite("TLS")
struct TLSTests {
    private func withTLS(
        _ body: (TestCertificates, Int) async throws -> Void
    ) async throws {
        let certificates = try await TestCertificates()
        var options = PrivateRedisOptions()
        options.tls = PrivateRedisOptions.TLS(
            certificateFile: certificates.certificate,
            keyFile: certificates.key,
            authorityFile: certificates.authority
        )
        options.password = "s3cret"
        try await withServer(options) { server async throws in
            try await body(certificates, try #require(server.tlsPort))
        }
    }

    @Test("carries commands when authority and name are right")
    func accepted() async throws {
        try await withTLS { certificates, port async throws in
            let url = "rediss://:s3cret@localhost:\(port)/1?ca=\(certificates.authority)"
            try await withClient(RedisConfiguration(url: url)) { client async throws in
                let big = [UInt8](repeating: 0x5A, count: 3_000_000)
                _ = try await client.send(RedisCommand([[UInt8]("SET"), [UInt8]("big"), big]))
                #expect(try await client.reply("GET", "big") == .bytes(big))
                #expect(try await client.reply("ECHO", "x") == .bytes([UInt8]("x")))
            }
            let named =
                "rediss://:s3cret@127.0.0.1:\(port)?ca=\(certificates.authority)"
                + "&name=redis.example.org"
            try await withClient(RedisConfiguration(url: named)) { client async throws in
                #expect(try await client.reply("ECHO", "x") == .bytes([UInt8]("x")))
            }
        }
    }

    @Test("refuses a strange authority, a wrong name and a plain connection")
    func refused() async throws {
        try await withTLS { certificates, port async throws in
            let wrong = [
                "rediss://:s3cret@localhost:\(port)?ca=\(certificates.stranger)",
                // The system's authorities do not know ours.
                "rediss://:s3cret@localhost:\(port)",
                "rediss://:s3cret@localhost:\(port)?ca=\(certificates.authority)&name=other.example",
                // The certificate names no number.
                "rediss://:s3cret@127.0.0.1:\(port)?ca=\(certificates.authority)",
                "redis://:s3cret@localhost:\(port)",
            ]
            for url in wrong {
                var configuration = try RedisConfiguration(url: url)
                configuration.limits.connectPatience = .zero
                try await withClient(configuration) { client async throws in
                    guard case .cannotConnect = try await client.failure("PING") else {
                        Issue.record("connected with \(configuration)")
                        return
                    }
                }
            }
        }
    }

    @Test("needs a readable file of authorities")
    func unreadable() async throws {
        let configuration = try RedisConfiguration(url: "rediss://localhost?ca=/nonexistent.pem")
        await #expect(throws: RedisTLSError.self) {
            try await withClient(configuration) { _ async throws in }
        }
    }
}
