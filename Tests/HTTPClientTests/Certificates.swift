import Foundation
import NIOSSL
import TestSupport

/// An authority and a server's certificate, made by openssl for one test.
struct Certificates {
    private let scratch: ScratchFolder

    var folder: URL { scratch.url }

    /// The authority's file, in PEM.
    var authority: String { folder.appending(path: "authority.pem").path }

    /// Makes both; the server's is for one name or address.
    ///
    /// - Parameter subject: As in `IP:127.0.0.1` or `DNS:other.test`.
    /// - Throws: When openssl fails.
    init(for subject: String) async throws {
        scratch = try ScratchFolder()
        try await openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2",
            "-subj /CN=authority -keyout authority.key -out authority.pem"
        )
        try await openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes",
            "-subj /CN=server -keyout server.key -out server.csr"
        )
        let extensions = folder.appending(path: "extensions")
        try Data("subjectAltName=\(subject)\n".utf8).write(to: extensions)
        try await openssl(
            "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial",
            "-days 2 -extfile extensions -out server.pem"
        )
    }

    func configuration() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(folder.appending(path: "server.pem").path)
        let key = try NIOSSLPrivateKey(
            file: folder.appending(path: "server.key").path,
            format: .pem
        )
        return .makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
    }

    private func openssl(_ arguments: String...) async throws {
        let words = arguments.joined(separator: " ").split(separator: " ").map(String.init)
        try await OtherProgram.run(["openssl"] + words, in: folder.path)
    }
}
