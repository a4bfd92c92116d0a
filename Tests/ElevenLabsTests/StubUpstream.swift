import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What the stub answers once.
struct StubAnswer: Sendable {
    var status = 200
    var headers: [String: String] = [:]
    var body = ""
}

/// What the stub was asked.
struct StubQuestion: Sendable, Equatable {
    var path: String
    var query: String
    var key: String?
}

/// An upstream on an ephemeral port that gives prepared answers in order; the last one stays.
final class StubUpstream: Sendable {
    private let answers: Mutex<[StubAnswer]>
    private let asked = Mutex<[StubQuestion]>([])

    var questions: [StubQuestion] { asked.withLock { $0 } }

    private init(_ answers: [StubAnswer]) {
        self.answers = Mutex(answers)
    }

    private func answer(_ question: StubQuestion) -> StubAnswer {
        asked.withLock { $0.append(question) }
        return answers.withLock { answers in
            answers.count > 1 ? answers.removeFirst() : answers.first ?? StubAnswer(status: 500)
        }
    }

    /// Runs a body with a stub, and ends the stub whatever happens.
    static func serve(
        _ answers: [StubAnswer],
        _ body: @Sendable @escaping (_ stub: StubUpstream, _ url: String) async throws -> Void
    ) async throws {
        let stub = StubUpstream(answers)
        let router = Router()
        router.get("**") { request, _ in
            let answer = stub.answer(
                StubQuestion(
                    path: request.uri.path,
                    query: request.uri.query ?? "",
                    key: HTTPField.Name("xi-api-key").flatMap { request.headers[$0] }
                )
            )
            var headers = HTTPFields()
            for (name, value) in answer.headers {
                if let name = HTTPField.Name(name) { headers[name] = value }
            }
            return Response(
                status: HTTPResponse.Status(code: answer.status),
                headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body))
            )
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "stub") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await application.run()
            }
            for await port in ports {
                try await body(stub, "http://127.0.0.1:\(port)")
                break
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
