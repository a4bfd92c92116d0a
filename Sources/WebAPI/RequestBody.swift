import Ambient
import Hummingbird
import NIOCore

/// Reads what was sent, within bounds of size and time.
enum RequestBody {
    enum Failure: Error, Sendable, Equatable {
        case tooLarge
        case tooSlow
        case broken
    }

    /// The bytes, or why they are not all here.
    static func bytes(
        of request: Request,
        upTo bytesMax: Int,
        within limit: Duration,
        _ ambient: Ambient
    ) async throws(Failure) -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap(Int.init), length > bytesMax {
            throw .tooLarge
        }
        let body = request.body
        do {
            return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                group.addTask {
                    var bytes: [UInt8] = []
                    for try await piece in body {
                        guard bytes.count + piece.readableBytes <= bytesMax else {
                            throw Failure.tooLarge
                        }
                        bytes += piece.readableBytesView
                    }
                    return bytes
                }
                group.addTask {
                    try await ambient.sleep(for: limit)
                    throw Failure.tooSlow
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .broken
        }
    }

    /// The bytes of a request to the API.
    static func read(
        _ request: Request,
        upTo bytesMax: Int,
        _ ambient: Ambient
    ) async throws(APIError) -> [UInt8] {
        do throws(Failure) {
            return try await bytes(
                of: request,
                upTo: bytesMax,
                within: WebLimits.bodyReadMax,
                ambient
            )
        } catch {
            switch error {
            case .tooLarge: throw APIError(.tooLarge, "The body may have \(bytesMax) bytes.")
            case .tooSlow: throw APIError(.cannotBeRead, "The body took too long to arrive.")
            case .broken: throw APIError(.cannotBeRead, "The body did not arrive whole.")
            }
        }
    }
}
